// Maps, slices, strings, JSON, regular expressions, goroutines, channels and garbage.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

type record struct {
	Name  string            `json:"name"`
	Value int               `json:"value"`
	Tags  map[string]string `json:"tags"`
}

func collections(round int) int {
	counts := map[string]int{}
	for i := 0; i < 30000; i++ {
		counts["key"+strconv.Itoa((i*7919+round)%5000)]++
	}
	names := make([]string, 0)
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	return len(strings.Split(strings.Join(names, ","), ","))
}

func encoded() int {
	records := []record{}
	for i := 0; i < 500; i++ {
		records = append(records, record{fmt.Sprintf("n%d", i), i, map[string]string{"a": "b"}})
	}
	text, _ := json.Marshal(records)
	var back []record
	_ = json.Unmarshal(text, &back)
	return len(regexp.MustCompile(`"name":"(n[0-9]+)"`).FindAllString(string(text), -1)) + len(back)
}

func channels() (sum int) {
	work, done := make(chan int), make(chan int, 8)
	var group sync.WaitGroup
	for w := 0; w < 4; w++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range work {
				done <- n * 2
			}
		}()
	}
	go func() {
		for i := 0; i < 5000; i++ {
			work <- i
		}
		close(work)
		group.Wait()
		close(done)
	}()
	for n := range done {
		sum += n
	}
	return
}

func main() {
	seconds, _ := strconv.Atoi(os.Args[1])
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	sum := 0
	for i := 0; time.Now().Before(end); i++ {
		sum += collections(i) + encoded() + channels()
	}
	fmt.Println(sum)
}
