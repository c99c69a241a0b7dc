// Verifies a server certificate with Go's crypto/x509: verify.go CA.pem LEAF.pem NAME
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return data
}

func main() {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(os.Args[1])) {
		panic("no root")
	}
	block, _ := pem.Decode(read(os.Args[2]))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	if _, err = leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: os.Args[3]}); err != nil {
		panic(err)
	}
	fmt.Println("verified")
}
