// Package embed is what pages of others show of a comune: its last month, as a page for a
// frame and as a picture for those who pass its address on.
//
// It knows the public answer on a comune, as any client reads it, and how its figures look
// and are said. It must not know how they are made, or who may see them.
package embed
