package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watcher looks for processes of one executable, and keeps the largest peak of resident memory among them and the
// processor time of all. Terraform starts the provider several times for one command; each time counts. The
// kernel keeps both, so only what comes between the last look and the end is missed.
type watcher struct {
	exe  string
	end  chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	memory int64              // bytes
	cpu    map[string]float64 // seconds by process
}

// watch begins to look. Where there is no /proc everything stays 0.
func watch(exe string) *watcher {
	w := &watcher{exe: exe, end: make(chan struct{}), cpu: make(map[string]float64)}
	w.done.Go(w.look)
	return w
}

func (w *watcher) look() {
	const often, seldom = 10 * time.Millisecond, 200 * time.Millisecond
	t := time.NewTicker(often)
	defer t.Stop()
	var pids []string
	var searched time.Time
	for {
		if time.Since(searched) > seldom { // going through all processes costs more than looking at one
			pids, searched = w.search(), time.Now()
		}
		for _, pid := range pids {
			memory, cpu := peakOf(pid), processorTime(pid)
			w.mu.Lock()
			w.memory = max(w.memory, memory)
			w.cpu[pid] = max(w.cpu[pid], cpu)
			w.mu.Unlock()
		}
		select {
		case <-t.C:
		case <-w.end:
			return
		}
	}
}

func (w *watcher) search() []string {
	links, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is well formed
	var pids []string
	for _, link := range links {
		if exe, err := os.Readlink(link); err == nil && exe == w.exe {
			pids = append(pids, strings.Split(link, "/")[2])
		}
	}
	return pids
}

// peakOf reads VmHWM, the peak resident set size (proc_pid_status(5)), in bytes; 0 for a process that is gone.
func peakOf(pid string) int64 {
	raw, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(raw, []byte("\nVmHWM:"))
	if !found {
		return 0
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(string(line), "kB")), 10, 64)
	return kib << 10
}

// processorTime reads utime and stime (proc_pid_stat(5)), which Linux counts in hundredths of a second, in seconds.
func processorTime(pid string) float64 {
	raw, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(raw, []byte(") ")) // behind the name, which may hold anything
	fields := strings.Fields(string(rest))
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[utime], 64)
	system, _ := strconv.ParseFloat(fields[stime], 64)
	return (user + system) / 100
}

// seen is the peak of memory in bytes and the processor time in seconds so far.
func (w *watcher) seen() (memory int64, cpu float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.cpu {
		cpu += s
	}
	return w.memory, cpu
}

// stop ends the watch.
func (w *watcher) stop() {
	close(w.end)
	w.done.Wait()
}
