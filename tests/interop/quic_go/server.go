// An HTTP/3 server on quic-go: server CERTIFICATE KEY ROOT SETTING[=VALUE]
//
// Serves the files of ROOT on a port of 127.0.0.1, with SETTING added to its SETTINGS where it has a
// value. Prints "ready PORT", and for each connection that asks what the client's SETTINGS said of
// SETTING: "setting VALUE" or "setting none".
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/quic-go/quic-go/http3"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(peer http3.Connection, setting uint64) {
	<-peer.ReceivedSettings()
	if number, ok := peer.Settings().Other[setting]; ok {
		fmt.Println("setting", number)
	} else {
		fmt.Println("setting none")
	}
}

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	check(err)
	name, value, hasValue := strings.Cut(os.Args[4], "=")
	setting, err := strconv.ParseUint(name, 0, 64)
	check(err)
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	files := http.FileServer(http.Dir(os.Args[3]))
	server := http3.Server{
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}}),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			report(w.(http3.Hijacker).Connection(), setting)
			files.ServeHTTP(w, r)
		}),
	}
	if hasValue {
		number, err := strconv.ParseUint(value, 0, 64)
		check(err)
		server.AdditionalSettings = map[uint64]uint64{setting: number}
	}
	fmt.Println("ready", socket.LocalAddr().(*net.UDPAddr).Port)
	check(server.Serve(socket))
}
