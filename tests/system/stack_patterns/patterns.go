// As patterns.c: patterns_go NAME bad|clean SECONDS
package main

import (
	"os"
	"strconv"
	"sync"
	"time"
)

var sink uint64
var kept [][]*[4]uint64

//go:noinline
func compute(rounds int) uint64 {
	state := uint64(88172645463325252)
	for i := 0; i < rounds; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
	}
	return state
}

//go:noinline
func makeNodes(bad bool) {
	var node [4]uint64
	var list []*[4]uint64
	for i := 0; i < 2000; i++ {
		if bad {
			list = append(list, &[4]uint64{uint64(i)})
		} else {
			node[0] += uint64(i)
		}
		sink += compute(20)
	}
	if bad {
		kept = append(kept, list)
		if len(kept) > 100 {
			kept = kept[50:]
		}
	}
	sink += node[0]
}

var mutex sync.Mutex

//go:noinline
func countTogether(bad bool, end time.Time) {
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			own := uint64(0)
			for time.Now().Before(end) {
				for k := 0; k < 1000; k++ {
					if bad {
						mutex.Lock()
						sink += compute(100)
						mutex.Unlock()
					} else {
						own += compute(100)
					}
				}
			}
		}()
	}
	group.Wait()
}

func main() {
	bad := os.Args[2] == "bad"
	seconds, _ := strconv.ParseFloat(os.Args[3], 64)
	end := time.Now().Add(time.Duration(seconds * 1e9))
	for first := true; first || time.Now().Before(end); first = false {
		if os.Args[1] == "gc" {
			makeNodes(bad)
		} else {
			countTogether(bad, end)
		}
	}
}
