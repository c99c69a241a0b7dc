// An HTTP/3 client on quic-go: client CA.pem ADDRESS SETTING[=VALUE] URL...
//
// Fetches all URLs at once on one connection to ADDRESS, with SETTING added to its SETTINGS where it
// has a value. Prints one JSON object: what the server's SETTINGS said of SETTING (null: nothing),
// and the responses.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

type response struct {
	URL, Sha256, Protocol string
	Status                int
	Size                  int64
	Header                http.Header
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func fetch(transport *http3.SingleDestinationRoundTripper, target string) response {
	request, err := http.NewRequest("GET", target, nil)
	check(err)
	answer, err := transport.RoundTrip(request)
	check(err)
	hash := sha256.New()
	size, err := io.Copy(hash, answer.Body)
	check(err)
	return response{target, fmt.Sprintf("%x", hash.Sum(nil)), answer.Proto, answer.StatusCode, size,
		answer.Header}
}

func main() {
	ca, address, urls := os.Args[1], os.Args[2], os.Args[4:]
	name, value, hasValue := strings.Cut(os.Args[3], "=")
	setting, err := strconv.ParseUint(name, 0, 64)
	check(err)
	pem, err := os.ReadFile(ca)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	first, err := url.Parse(urls[0])
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	connection, err := quic.DialAddr(ctx, address, &tls.Config{RootCAs: roots,
		ServerName: first.Hostname(), NextProtos: []string{"h3"}}, nil)
	check(err)
	transport := &http3.SingleDestinationRoundTripper{Connection: connection}
	if hasValue {
		number, err := strconv.ParseUint(value, 0, 64)
		check(err)
		transport.AdditionalSettings = map[uint64]uint64{setting: number}
	}
	peer := transport.Start()
	done := make(chan response)
	for _, target := range urls {
		go func() { done <- fetch(transport, target) }()
	}
	said := struct {
		Setting   *uint64
		Responses []response
	}{}
	for range urls {
		said.Responses = append(said.Responses, <-done)
	}
	select {
	case <-peer.ReceivedSettings():
		if number, ok := peer.Settings().Other[setting]; ok {
			said.Setting = &number
		}
	case <-ctx.Done():
		check(ctx.Err())
	}
	check(connection.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), ""))
	check(json.NewEncoder(os.Stdout).Encode(said))
}
