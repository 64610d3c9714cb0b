// An authorization server for measurements: metadata (RFC 8414) and token introspection (RFC 7662).
// Tokens that begin with "good" are active. GET /calls returns the number of introspections so far,
// GET /delay?ms=20 makes each one take 20 ms.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const scope = "mcp:tools"

func main() {
	address := flag.String("address", "127.0.0.1:9400", "where to listen")
	audience := flag.String("audience", "", "the audience of every token")
	flag.Parse()
	issuer := "http://" + *address
	var calls, delay atomic.Int64

	http.HandleFunc("/.well-known/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer":                                        issuer,
			"authorization_endpoint":                        issuer + "/authorize",
			"token_endpoint":                                issuer + "/token",
			"introspection_endpoint":                        issuer + "/introspect",
			"response_types_supported":                      []string{"code"},
			"code_challenge_methods_supported":              []string{"S256"},
			"introspection_endpoint_auth_methods_supported": []string{"client_secret_basic"},
		})
	})
	http.HandleFunc("/introspect", func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		time.Sleep(time.Duration(delay.Load()))
		if !strings.HasPrefix(r.FormValue("token"), "good") {
			answer(w, map[string]any{"active": false})
			return
		}
		now := time.Now().Unix()
		answer(w, map[string]any{
			"active": true, "iss": issuer, "aud": *audience, "scope": scope, "client_id": "client-1",
			"sub": "user-1", "username": "user-1", "token_type": "Bearer", "iat": now, "exp": now + 600,
		})
	})
	http.HandleFunc("/calls", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, calls.Load())
	})
	http.HandleFunc("/delay", func(_ http.ResponseWriter, r *http.Request) {
		ms, err := strconv.Atoi(r.FormValue("ms"))
		if err != nil {
			log.Fatal(err)
		}
		delay.Store(int64(time.Duration(ms) * time.Millisecond))
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

func answer(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}
