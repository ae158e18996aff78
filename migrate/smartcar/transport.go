package smartcar

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// NewTransport is the transport of a real run: HTTP/2 where offered, connections kept for a fleet's worth of workers.
//
// A proxy is used as the environment says (HTTPS_PROXY, NO_PROXY). It sees host names only: every host but loopback is
// https and goes through CONNECT, loopback never goes through a proxy.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}, // a dead connection is noticed, not waited on
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        50 * time.Second, // below the minute after which balancers drop idle connections
		MaxResponseHeaderBytes: 256 << 10,
	}
}
