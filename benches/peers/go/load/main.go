// A load generator: keeps connections busy with one tool call after another, and prints what came
// back as JSON. All connections are open before the first request is sent.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

var (
	address     = flag.String("address", "", "host and port of the server")
	body        = flag.String("body", "", "the JSON-RPC request")
	expect      = flag.String("expect", "", "what a right answer contains")
	token       = flag.String("token", "", "the bearer token")
	fresh       = flag.Bool("fresh", false, "make every request carry a new token: the token and a number")
	connections = flag.Int("connections", 1, "how many connections to keep busy")
	seconds     = flag.Float64("seconds", 60, "stop after this time")
	requests    = flag.Int("requests", 0, "or after so many requests on each connection; 0: no limit")
)

type result struct {
	times    []time.Duration
	right    int
	statuses map[int]int // 0: no answer
}

func main() {
	flag.Parse()
	results := make([]result, *connections)
	var opened, done sync.WaitGroup
	start := make(chan time.Time)
	for i := range results {
		opened.Add(1)
		done.Go(func() {
			c := connection{number: i}
			c.open() // if this fails, the first request tries again
			opened.Done()
			results[i] = c.keepBusy((<-start).Add(time.Duration(*seconds * float64(time.Second))))
		})
	}
	opened.Wait()
	began := time.Now()
	for range results {
		start <- began
	}
	done.Wait()
	report(results, time.Since(began))
}

type connection struct {
	number int
	sent   int
	conn   net.Conn
	reader *bufio.Reader
}

func (c *connection) open() error {
	conn, err := net.DialTimeout("tcp", *address, 5*time.Second)
	if err == nil {
		c.conn, c.reader = conn, bufio.NewReader(conn)
	}
	return err
}

func (c *connection) keepBusy(until time.Time) result {
	r := result{statuses: map[int]int{}}
	for (*requests == 0 || c.sent < *requests) && time.Now().Before(until) {
		began := time.Now()
		status, answer := c.call()
		r.times = append(r.times, time.Since(began))
		r.statuses[status]++
		if status == 200 && bytes.Contains(answer, []byte(*expect)) {
			r.right++
		}
	}
	if c.conn != nil {
		c.conn.Close()
	}
	return r
}

// The status, and the body; status 0 if no answer came. A server may close a connection that it has
// answered on, so a request that fails on such a connection is sent again on a new one.
func (c *connection) call() (int, []byte) {
	bearer := *token
	c.sent++
	if *fresh {
		bearer = fmt.Sprintf("%s-%03d-%08d", bearer, c.number, c.sent)
	}
	used := c.conn != nil && c.sent > 1
	response, answer, err := c.exchange(bearer)
	if err != nil && used {
		response, answer, err = c.exchange(bearer)
	}
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, answer
}

func (c *connection) exchange(bearer string) (response *http.Response, answer []byte, err error) {
	if c.conn == nil {
		if err := c.open(); err != nil {
			time.Sleep(10 * time.Millisecond)
			return nil, nil, err
		}
	}
	defer func() {
		if err != nil || response.Close {
			c.conn.Close()
			c.conn = nil
		}
	}()
	c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = fmt.Fprintf(c.conn, "POST /mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"+
		"MCP-Protocol-Version: 2025-11-25\r\nContent-Length: %d\r\n\r\n%s",
		*address, bearer, len(*body), *body)
	if err != nil {
		return nil, nil, err
	}
	if response, err = http.ReadResponse(c.reader, nil); err != nil {
		return nil, nil, err
	}
	answer, err = io.ReadAll(response.Body)
	return response, answer, err
}

func report(results []result, took time.Duration) {
	var times []time.Duration
	right, statuses := 0, map[int]int{}
	for _, r := range results {
		times = append(times, r.times...)
		right += r.right
		for status, count := range r.statuses {
			statuses[status] += count
		}
	}
	slices.Sort(times)
	percentile := func(p int) float64 {
		if len(times) == 0 {
			return 0
		}
		return times[(len(times)-1)*p/100].Seconds() * 1000
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"requests": len(times), "right": right, "statuses": statuses, "seconds": took.Seconds(),
		"p50_ms": percentile(50), "p99_ms": percentile(99), "max_ms": percentile(100),
	})
}
