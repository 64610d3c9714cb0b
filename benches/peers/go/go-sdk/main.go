// An MCP server on the Go SDK. The SDK calls a token verifier that the author writes; this one
// introspects, and keeps what it learned for 30 seconds.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var (
	issuer   = os.Getenv("ISSUER")
	resource = os.Getenv("RESOURCE")
)

type verifier struct {
	client *http.Client
	mu     sync.RWMutex
	cache  map[[32]byte]entry
}

type entry struct {
	info  *auth.TokenInfo
	until time.Time
}

func (v *verifier) verify(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	key := sha256.Sum256([]byte(token))
	v.mu.RLock()
	cached, found := v.cache[key]
	v.mu.RUnlock()
	if found && time.Now().Before(cached.until) {
		return cached.info, nil
	}
	info, err := v.introspect(ctx, token)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.cache[key] = entry{info, time.Now().Add(30 * time.Second)}
	v.mu.Unlock()
	return info, nil
}

func (v *verifier) introspect(ctx context.Context, token string) (*auth.TokenInfo, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}.Encode()
	request, err := http.NewRequestWithContext(ctx, "POST", issuer+"/introspect", strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("mcp", "secret")
	response, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("introspection: %s", response.Status)
	}
	var claims struct {
		Active               bool
		Iss, Aud, Scope, Sub string
		Exp                  int64
	}
	if err := json.NewDecoder(response.Body).Decode(&claims); err != nil {
		return nil, err
	}
	if !claims.Active || claims.Iss != issuer || claims.Aud != resource {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{
		Scopes:     strings.Fields(claims.Scope),
		Expiration: time.Unix(claims.Exp, 0),
		UserID:     claims.Sub,
	}, nil
}

type arguments struct {
	Text string `json:"text"`
}

func echo(_ context.Context, _ *mcp.CallToolRequest, a arguments) (*mcp.CallToolResult, any, error) {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: a.Text}}}, nil, nil
}

func main() {
	server := mcp.NewServer(&mcp.Implementation{Name: "peer", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "echo", Description: "Repeats the text"}, echo)
	handler := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true},
	)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 128
	v := &verifier{
		client: &http.Client{Transport: transport, Timeout: 3 * time.Second},
		cache:  map[[32]byte]entry{},
	}
	protect := auth.RequireBearerToken(v.verify, &auth.RequireBearerTokenOptions{
		ResourceMetadataURL: resource + "/.well-known/oauth-protected-resource",
		Scopes:              []string{"mcp:tools"},
	})
	http.Handle("/mcp", protect(handler))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
