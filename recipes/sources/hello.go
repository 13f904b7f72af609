// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

// A web server of Go's library: goroutines, its own scheduler and preemption by signals. With -once it does a sum by many and ends.
package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync"
)

// sum adds up 1 to n in parts, each by a goroutine.
func sum(n, parts int) int {
	results := make(chan int)
	var running sync.WaitGroup
	for part := 0; part < parts; part++ {
		running.Add(1)
		go func(part int) {
			defer running.Done()
			total := 0
			for i := part + 1; i <= n; i += parts {
				total += i
			}
			results <- total
		}(part)
	}
	go func() { running.Wait(); close(results) }()
	total := 0
	for one := range results {
		total += one
	}
	return total
}

func main() {
	fmt.Printf("hello from %s, %d\n", runtime.Version(), sum(100000, 8))
	if len(os.Args) > 1 && os.Args[1] == "-once" {
		return
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "hello %s\n", r.URL.Path) })
	if err := http.ListenAndServe(":80", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
