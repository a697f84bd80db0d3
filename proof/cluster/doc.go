// Package cluster runs a real Kubernetes node on this machine, for tests of what
// is deployed: control plane, kubelet, kube-proxy and containerd, built from their
// Go modules, in namespaces of their own that nothing outside can reach. It
// applies manifests, brings in images, evicts and freezes pods, and reports.
//
// It knows Kubernetes, the kernel's namespaces and what to install. It must not
// know mlf: what is deployed is the affair of those who use it. Nothing in the
// product imports it.
package cluster
