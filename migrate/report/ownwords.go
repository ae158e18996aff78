package report

import (
	"reflect"
	"regexp"
	"strings"
	"sync"

	"scmigrate/compare"
	"scmigrate/migrate"
)

// ownNames are the members whose texts are ours, or name a group of vehicles: closed lists, names of fields, makes,
// cohorts, gates, digests. Everything else is free text, a member that is added later too.
var ownNames = map[reflect.Type][]string{
	reflect.TypeFor[Summary]():      {"Schema", "Tool", "Run", "Gates", "Outcomes", "Makes", "Cohorts", "Ages"},
	reflect.TypeFor[Cause]():        {"Code", "Field", "Make", "Title", "Verdict", "Fingerprint", "Who"},
	reflect.TypeFor[Note]():         {"Code"},
	reflect.TypeFor[Changes]():      {"Previous", "Unlike", "Moves"},
	reflect.TypeFor[ChangedCause](): {"Change", "Code", "Field", "Make", "Title", "Verdict", "Fingerprint"},
	reflect.TypeFor[Vehicle]():      {"Verdict", "Proof", "Identity", "Mode", "Cohort", "Make", "Model"},
	reflect.TypeFor[CauseRef]():     {"Code", "Field"},
	reflect.TypeFor[Field]():        {"Field", "Outcome"},
	reflect.TypeFor[Observation]():  {"Unit", "Source"},
}

// ownMembers are the same by the members' places. A name that no member has is free text; a test finds it.
var ownMembers = sync.OnceValue(func() map[reflect.Type][]bool {
	members := map[reflect.Type][]bool{}
	for of, names := range ownNames {
		members[of] = make([]bool, of.NumField())
		for _, name := range names {
			if member, ok := of.FieldByName(name); ok {
				members[of][member.Index[0]] = true
			}
		}
	}
	return members
})

// ownWord tells whether an id or a label reads as a word, a code or a field of the report's own texts, or as a number: where
// it stands in one, it says nothing about the vehicle.
func ownWord(text string) bool {
	return number.MatchString(text) || ownWords()[strings.ToLower(text)]
}

var number = regexp.MustCompile(`^[0-9.,]+$`)

// ownWords holds codes and names whole, and the single words of every text of the tables and of sentenceWords.
var ownWords = sync.OnceValue(func() map[string]bool {
	own := map[string]bool{}
	add := func(texts ...string) {
		for _, text := range texts {
			text = strings.ToLower(text)
			own[text] = true
			for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !ofWord(r) }) {
				own[word] = true
			}
		}
	}
	add(sentenceWords)
	for _, c := range migrate.Causes() {
		add(string(c.Code), string(c.Verdict), c.Title, c.Meaning, c.Action, c.Who)
	}
	for _, o := range compare.Outcomes() {
		add(string(o))
	}
	for _, f := range compare.All() {
		add(f.Name, f.Note, f.Quantity.Unit)
		add(f.Permissions...)
	}
	return own
})

// sentenceWords are those that reports put together into sentences, beside the words of the tables.
const sentenceWords = `about account accepted added after again age agree agreed allow allowed another answer answered answers any apart app are asked
	at away baseline batch been before behind between body both but call called calls came change changed changes changing close command commands
	compared complete connect connected connection connections could counted data days dead different does drawn each earlier
	ended equal error errors even every exact expired explained expires failed field fields first flapped fleet follow from full gave
	given gives gone grant granted have held hold holds hour hours http identity incomplete instead into inventory json kept kind label labelled last later
	leg legacy legs list listed live long longer lost made make makes many match matches maxvehicles measured middle minutes missing mode model
	more most moved must named names need needed never newer none nothing number observation observed of old older once only other others over pair pairs
	partial path permission permissions persistent plausible possible proof proved proves read reads ready reason refused refuses report reports request requests
	rest retrievedat rules said same sample sc-data-age scale seconds sent serve served serves shard signal signals since single smartcar some stand stands state stated still store
	such taken test text than that their them then there these they this those through time times token tokens twice under unit units unknown until
	user userid users value values vehicle vehicleid vehicles verdict waive waived waiver waivers waives were what when where which while whole will with
	within without would wrong year ingestedat oemupdatedat simulated app-only`
