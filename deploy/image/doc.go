// Package image makes the image of mlf that registries and container engines take:
// a static program for each platform, FROM scratch, with the authorities of public
// certificates, the licences of all that is in it, and its bill of materials. The
// same program makes the same bytes, wherever and whenever.
//
// It knows what is in an image, what Go's linker tells of a program, and the texts of
// licences. It must not know what mlf does, nor how OCI writes it down: that is
// go-containerregistry's.
package image
