package report

import "iter"

// convoyBatch is how many vehicles are handed on at a time.
const convoyBatch = 64

// convoy takes several riders over one walk of the vehicles, which costs more than all they make of it: the ledger is read
// once for all files. Riders are added before it drives, and each has a goroutine of its own: none gets far ahead of the
// others, so that memory holds a few batches. What is handed on belongs to nobody: riders must not change it.
type convoy struct {
	vehicles iter.Seq2[Vehicle, error]
	riders   []*rider
}

// rider reads the walk that its convoy makes. It must leave when it has had enough, even if it never read.
type rider struct {
	batches chan batchOfVehicles
	gone    chan struct{}
}

// batchOfVehicles ends with the walk's error, if that is what ended it.
type batchOfVehicles struct {
	vehicles []Vehicle
	err      error
}

func (c *convoy) add() *rider {
	r := &rider{make(chan batchOfVehicles), make(chan struct{})}
	c.riders = append(c.riders, r)
	return r
}

// drive walks to the end, or until every rider has left.
func (c *convoy) drive() {
	var batch batchOfVehicles
	for v, err := range c.vehicles {
		if batch.err = err; err != nil {
			break
		}
		if batch.vehicles = append(batch.vehicles, v); len(batch.vehicles) < convoyBatch {
			continue
		}
		if !c.hand(batch) {
			return
		}
		batch.vehicles = make([]Vehicle, 0, convoyBatch)
	}
	c.hand(batch)
	for _, r := range c.riders {
		close(r.batches)
	}
}

// hand gives a batch to every rider that is still there, and tells whether any is.
func (c *convoy) hand(batch batchOfVehicles) (any bool) {
	for _, r := range c.riders {
		select {
		case r.batches <- batch:
			any = true
		case <-r.gone:
		}
	}
	return any
}

// seq is the walk as this rider sees it; it can be gone over once.
func (r *rider) seq() iter.Seq2[Vehicle, error] {
	return func(yield func(Vehicle, error) bool) {
		for batch := range r.batches {
			for _, v := range batch.vehicles {
				if !yield(v, nil) {
					return
				}
			}
			if batch.err != nil {
				yield(Vehicle{}, batch.err)
				return
			}
		}
	}
}

func (r *rider) leave() { close(r.gone) }
