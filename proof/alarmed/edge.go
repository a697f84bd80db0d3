package alarmed

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"mlf/proof/cluster"
	"mlf/proof/deployed"
)

// edge is an ingest that speaks TLS itself, as one without an ingress does.
const edge = `
apiVersion: v1
kind: Pod
metadata: {name: edge, namespace: mlf, labels: {app.kubernetes.io/name: mlf, app.kubernetes.io/component: edge}}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: edge
      image: localhost/mlf:dev
      imagePullPolicy: Never
      args: [ingest, "--listen=:8443", "--admin=:9090", --tls-cert=/secrets/edge/tls.crt, --tls-key=/secrets/edge/tls.key,
        "--kafka=10.244.0.1:9092", --kafka-user=mlf-ingest, --kafka-password-file=/secrets/kafka/password]
      ports: [{name: admin, containerPort: 9090}]
      readinessProbe: {httpGet: {path: /readyz, port: admin}, periodSeconds: 1, timeoutSeconds: 2}
      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
      volumeMounts:
        - {name: kafka, mountPath: /secrets/kafka, readOnly: true}
        - {name: edge, mountPath: /secrets/edge, readOnly: true}
  volumes:
    - {name: kafka, secret: {secretName: mlf-ingest}}
    - {name: edge, secret: {secretName: edge}}
`

// certificates are of an ingest that speaks TLS itself.
func (t *trial) certificates() (c struct{ refused, ending fault }) {
	c.refused = fault{
		name: "certificate ends in five days and another cannot be used", breaks: t.spoils,
		expects: []string{"MlfCertificateEnds listener", "MlfCertificateRefused listener"},
		until:   t.tellsLog("edge", "certificates not replaced", "listener"),
	}
	c.ending = fault{ // The other alert is inhibited, unless it comes first.
		name: "certificate ends in half a minute", lasts: 40 * time.Second, expects: []string{"MlfCertificateEndsToday listener"},
		breaks: func(ctx context.Context) (mending, error) { return t.replaces, t.serves(ctx, 30*time.Second) },
	}
	return c
}

// spoils starts an ingest with a certificate that ends next week, and puts files in its
// place of which nothing can be made.
func (t *trial) spoils(ctx context.Context) (mending, error) {
	if err := t.serves(ctx, 5*24*time.Hour); err != nil {
		return t.replaces, err
	}
	return t.replaces, errors.Join(t.holds(ctx, "no certificate", "no key"), t.nudge(ctx))
}

// serves starts an ingest that speaks TLS by a certificate which ends so soon.
func (t *trial) serves(ctx context.Context, lasts time.Duration) error {
	certificate, key, err := issue(time.Now().Add(lasts))
	if err != nil {
		return err
	}
	if err := errors.Join(t.holds(ctx, certificate, key), t.ApplyText(ctx, edge)); err != nil {
		return err
	}
	return t.Wait(ctx, deployed.Namespace, "--for=condition=Ready", "pod/edge")
}

// holds writes the Secret.
func (t *trial) holds(ctx context.Context, certificate, key string) error {
	return t.ApplyText(ctx, encode(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]string{"name": "edge", "namespace": deployed.Namespace},
		"stringData": map[string]string{"tls.crt": certificate, "tls.key": key},
	}))
}

// nudge lets the node look at the pod, and with that at its Secret, which it does once
// a minute else.
func (t *trial) nudge(ctx context.Context) error {
	_, err := t.Kubectl(ctx, "annotate", "--namespace="+deployed.Namespace, "--overwrite", "pod/edge", "nudged="+time.Now().Format("150405.000"))
	return err
}

// replaces gives the ingest a certificate that is sound, waits until alerts are over
// without a restart, and takes it away.
func (t *trial) replaces(ctx context.Context) error {
	certificate, key, err := issue(time.Now().AddDate(0, 3, 0))
	if err == nil {
		err = t.holds(ctx, certificate, key)
	}
	if err == nil {
		err = cluster.Await(ctx, quietMax, func() error { return errors.Join(t.nudge(ctx), t.receiver.firing("MlfCertificate")) })
	}
	_, deleted := t.Kubectl(ctx, "delete", "--namespace="+deployed.Namespace, "pod/edge", "secret/edge")
	return errors.Join(err, deleted)
}

// issue returns a certificate that is signed by itself, and its key.
func issue(until time.Time) (certificate, key string, err error) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("make key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "edge"}, DNSNames: []string{"edge"},
		NotBefore: until.AddDate(-1, 0, 0), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		return "", "", fmt.Errorf("sign certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		return "", "", fmt.Errorf("encode key: %w", err)
	}
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8), nil
}
