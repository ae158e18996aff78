package compare

import (
	"math"
	"strings"
)

// Quantity is what a number measures, with the canonical unit that Readings are kept in
// (v2-to-v3-mapping.md §1.6); quantities without a unit have an empty one.
type Quantity struct {
	Name string
	Unit string
}

// The quantities of the catalogue.
var (
	Length      = Quantity{"length", "km"}
	Fraction    = Quantity{"fraction", "fraction"} // 0 to 1, on both legs
	Energy      = Quantity{"energy", "kWh"}
	Power       = Quantity{"power", "kW"}
	Volume      = Quantity{"volume", "L"}
	Pressure    = Quantity{"pressure", "kPa"}
	Speed       = Quantity{"speed", "km/h"}
	Current     = Quantity{"current", "A"}
	Voltage     = Quantity{"voltage", "V"}
	Temperature = Quantity{"temperature", "°C"}
	Duration    = Quantity{"duration", "min"}
	Angle       = Quantity{"angle", "°"}
	Count       = Quantity{"count", ""}
	Word        = Quantity{"word", ""}
	Name        = Quantity{"name", ""} // a word whose case is the maker's choice
	Flag        = Quantity{"flag", ""}
	Closure     = Quantity{"closure", ""} // OPEN or CLOSED
	Set         = Quantity{"set", ""}
	Place       = Quantity{"place", ""} // compared by distance in metres
	Instant     = Quantity{"instant", ""}
)

// unit is a factor (and an offset, for Fahrenheit) to the canonical unit of its quantity.
type unit struct {
	quantity Quantity
	factor   float64
	offset   float64 // subtracted before the factor
}

// units holds every spelling seen or documented (smartcar-v3.md §6, v2-to-v3-mapping.md §0.4), in lower case.
var units = map[string]unit{
	"km": {Length, 1, 0}, "kilometers": {Length, 1, 0}, "kilometer": {Length, 1, 0}, "kilometres": {Length, 1, 0},
	"miles": {Length, 1.609344, 0}, "mile": {Length, 1.609344, 0}, "mi": {Length, 1.609344, 0},
	"percent": {Fraction, 0.01, 0}, "percentage": {Fraction, 0.01, 0}, "%": {Fraction, 0.01, 0}, "fraction": {Fraction, 1, 0},
	"kwh": {Energy, 1, 0}, "kwhr": {Energy, 1, 0}, "kilowatt-hours": {Energy, 1, 0}, "kilowatt_hours": {Energy, 1, 0}, "wh": {Energy, 0.001, 0},
	"kw": {Power, 1, 0}, "kilowatts": {Power, 1, 0}, "kilowatt": {Power, 1, 0}, "watts": {Power, 0.001, 0}, "watt": {Power, 0.001, 0}, "w": {Power, 0.001, 0},
	"l": {Volume, 1, 0}, "liters": {Volume, 1, 0}, "litres": {Volume, 1, 0}, "liter": {Volume, 1, 0},
	"gallons": {Volume, 3.785411784, 0}, "gallon": {Volume, 3.785411784, 0}, "gal": {Volume, 3.785411784, 0},
	"kpa": {Pressure, 1, 0}, "kilopascals": {Pressure, 1, 0}, "bar": {Pressure, 100, 0}, "psi": {Pressure, 6.894757293168, 0},
	"km/h": {Speed, 1, 0}, "kph": {Speed, 1, 0}, "kmh": {Speed, 1, 0}, "mph": {Speed, 1.609344, 0}, "mi/h": {Speed, 1.609344, 0},
	"ampere": {Current, 1, 0}, "amperes": {Current, 1, 0}, "amps": {Current, 1, 0}, "amp": {Current, 1, 0}, "a": {Current, 1, 0},
	"volts": {Voltage, 1, 0}, "volt": {Voltage, 1, 0}, "v": {Voltage, 1, 0},
	"celsius": {Temperature, 1, 0}, "degrees-celsius": {Temperature, 1, 0}, "degrees_celsius": {Temperature, 1, 0}, "c": {Temperature, 1, 0}, "°c": {Temperature, 1, 0},
	"fahrenheit": {Temperature, 5.0 / 9, 32}, "degrees-fahrenheit": {Temperature, 5.0 / 9, 32}, "f": {Temperature, 5.0 / 9, 32}, "°f": {Temperature, 5.0 / 9, 32},
	"minutes": {Duration, 1, 0}, "minute": {Duration, 1, 0}, "min": {Duration, 1, 0}, "hours": {Duration, 60, 0}, "hour": {Duration, 60, 0},
	"seconds": {Duration, 1.0 / 60, 0}, "second": {Duration, 1.0 / 60, 0},
	"degrees": {Angle, 1, 0}, "°": {Angle, 1, 0}, "count": {Count, 1, 0},
}

// imperial is the unit of a quantity in a v2 answer with sc-unit-system: imperial (smartcar-v2.md §2.2). Energy and
// temperature of standard endpoints are the same in both systems.
var imperial = map[Quantity]string{Length: "miles", Volume: "gallons", Pressure: "psi", Speed: "mph", Temperature: "fahrenheit"}

// canonical converts a number labelled with a unit into the quantity's canonical unit. ok is false for a unit that is
// unknown or measures something else: it is never guessed; and for a number too large to be converted.
func canonical(n float64, q Quantity, label string) (value float64, ok bool) {
	u, known := units[strings.ToLower(strings.TrimSpace(label))]
	if !known || u.quantity != q {
		return 0, false
	}
	value = (n - u.offset) * u.factor
	return value, !math.IsInf(value, 0)
}

// suspectFactors are the ratios by which two numbers agree when one of them carries the wrong unit (DESIGN §3.3).
// Ranges are left out by their fields and volumes altogether: real driving and one stop at a pump reach such ratios.
var suspectFactors = map[Quantity][]float64{
	Length:   {1.609344},
	Fraction: {100},
	Pressure: {100, 6.894757293168, 14.5037738},
	Power:    {1000},
	Energy:   {1000},
}
