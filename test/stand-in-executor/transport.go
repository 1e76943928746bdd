package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// What speaks to one registry. The certificate of --registry-certificate is trusted for that registry, beside the system's;
// the same connection gets tokens, whatever host those come from.
func (flags *flagSet) transport(registry string) (http.RoundTripper, error) {
	for _, pair := range flags.list("registry-certificate") {
		host, path, given := strings.Cut(pair, "=")
		if !given {
			return nil, fmt.Errorf("invalid argument value. expect key=value, got %s", pair)
		}
		if host != registry {
			continue
		}
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("failed to load certificate %s for %s: %w", path, registry, err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(pem)
		transport := remote.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
		return transport, nil
	}
	return remote.DefaultTransport, nil
}
