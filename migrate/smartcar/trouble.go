package smartcar

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	"scmigrate/compare"
)

// Classes of a broken exchange, as Call.Err names them. They are read off error types, never off error texts.
const (
	classTimeout   = "timeout"
	classReset     = "reset"
	classRefused   = "refused"
	classDNS       = "dns"
	classTLS       = "tls"
	classNetwork   = "network"
	classTooLarge  = "too-large"
	classTruncated = "truncated"
)

var kindOfClass = map[string]compare.Kind{
	classTimeout:   compare.KindTimeout,
	classReset:     compare.KindNetwork,
	classRefused:   compare.KindNetwork,
	classDNS:       compare.KindNetwork,
	classTLS:       compare.KindNetwork,
	classNetwork:   compare.KindNetwork,
	classTooLarge:  compare.KindMalformed,
	classTruncated: compare.KindMalformed,
}

var notes = map[string]string{
	classTimeout:   "no answer in time",
	classReset:     "the connection broke before the answer was whole",
	classRefused:   "the connection was refused",
	classDNS:       "the host name could not be resolved",
	classTLS:       "the secure connection could not be made",
	classNetwork:   "the network failed",
	classTooLarge:  "the body is too large",
	classTruncated: "the body ends too early",
}

// broken is the reply for an exchange without an answer. The error's text goes no further: it may quote addresses, proxy
// passwords or header values.
func (c *Client) broken(err error) reply {
	class := classOf(err)
	return reply{
		Answer: Answer{FetchedAt: c.now(), Failure: &compare.Failure{Kind: kindOfClass[class], Note: notes[class]}},
		class:  class,
	}
}

func classOf(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return classTimeout
	case errors.As(err, &dns):
		return classDNS
	case errors.As(err, &timeout) && timeout.Timeout():
		return classTimeout
	case isTLS(err):
		return classTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return classRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.As(err, new(streamReset)):
		return classReset
	}
	return classNetwork
}

// streamReset has the form of net/http's HTTP/2 stream error, which is not exported but lets errors.As fill any struct of
// these fields.
type streamReset struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error completes the form.
func (e streamReset) Error() string { return "the HTTP/2 stream was reset" }

// classOfBody is classOf for trouble after the answer began: there, an early end is the body's fault.
func classOfBody(err error) string {
	switch {
	case errors.Is(err, errTooLarge):
		return classTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return classTruncated
	}
	return classOf(err)
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var alert tls.AlertError
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &alert)
}
