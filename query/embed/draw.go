package embed

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// A canvas is a picture under way.
type canvas struct {
	*image.RGBA
	maker *Maker
}

func (c *canvas) fill(r image.Rectangle, with image.Image) {
	draw.Draw(c.RGBA, r, with, r.Min, draw.Src)
}

// face draws one of green, yellow and red into r: what tells them apart besides colour is
// the mouth.
func (c *canvas) face(which int, r image.Rectangle, skin, rim color.Color) {
	_, ink, _, _, _ := colours()
	p := newPen(r)
	p.disc(32, 32, 30.5)
	p.draw(c, image.NewUniform(rim))
	p.disc(32, 32, 27.5)
	p.draw(c, image.NewUniform(skin))
	p.disc(22, 26, 4)
	p.disc(42, 26, 4)
	p.mouth(which)
	p.draw(c, image.NewUniform(ink))
}

// A pen draws shapes whose measures are of a square of 64, into a square of any size.
type pen struct {
	*vector.Rasterizer
	r     image.Rectangle
	scale float32
}

func newPen(r image.Rectangle) *pen {
	return &pen{vector.NewRasterizer(r.Dx(), r.Dy()), r, float32(r.Dx()) / 64}
}

// draw fills what was outlined, and begins anew.
func (p *pen) draw(c *canvas, with image.Image) {
	p.Draw(c.RGBA, p.r, with, image.Point{})
	p.Reset(p.r.Dx(), p.r.Dy())
}

// disc outlines a circle by four curves.
func (p *pen) disc(x, y, radius float32) {
	const bend = 0.5522847498 // Of a quarter: 4/3 (√2 - 1).
	x, y, radius = x*p.scale, y*p.scale, radius*p.scale
	k := radius * bend
	p.MoveTo(x+radius, y)
	p.CubeTo(x+radius, y+k, x+k, y+radius, x, y+radius)
	p.CubeTo(x-k, y+radius, x-radius, y+k, x-radius, y)
	p.CubeTo(x-radius, y-k, x-k, y-radius, x, y-radius)
	p.CubeTo(x+k, y-radius, x+radius, y-k, x+radius, y)
	p.ClosePath()
}

// mouth outlines a line along the curve that mouths says, with round ends: along its left
// side, around its end, back along its right one, and around its beginning.
func (p *pen) mouth(which int) {
	const steps, arc, half = 32, 12, 2.25
	along := [3]curve{
		{{17, 38}, {21, 47}, {43, 47}, {47, 38}},
		{{18, 42}, {28, 42}, {36, 42}, {46, 42}},
		{{17, 47}, {21, 38}, {43, 38}, {47, 47}},
	}[which]
	begun := false
	to := func(t, turn float64) {
		x, y, direction := along.at(t)
		sin, cos := math.Sincos(direction + turn)
		px, py := float32(x+half*cos)*p.scale, float32(y+half*sin)*p.scale
		if !begun {
			p.MoveTo(px, py)
			begun = true
		}
		p.LineTo(px, py)
	}
	for i := range steps {
		to(float64(i)/steps, math.Pi/2)
	}
	for i := range arc {
		to(1, math.Pi/2-math.Pi*float64(i)/arc)
	}
	for i := range steps {
		to(1-float64(i)/steps, -math.Pi/2)
	}
	for i := range arc {
		to(0, -math.Pi/2-math.Pi*float64(i)/arc)
	}
	p.ClosePath()
}

// A curve is a cubic one of Bézier's, by its four points.
type curve [4][2]float64

// at returns the point of c at t, from 0 to 1, and in what direction c goes there.
func (c *curve) at(t float64) (x, y, direction float64) {
	u := 1 - t
	of := func(axis int) (value, slope float64) {
		a, b, d, e := c[0][axis], c[1][axis], c[2][axis], c[3][axis]
		return u*u*u*a + 3*u*u*t*b + 3*u*t*t*d + t*t*t*e, u*u*(b-a) + 2*u*t*(d-b) + t*t*(e-d)
	}
	x, dx := of(0)
	y, dy := of(1)
	return x, y, math.Atan2(dy, dx)
}

// bar draws shares, in thousandths, beside one another: yellow has dots, red has lines.
func (c *canvas) bar(shares []uint64, r image.Rectangle) {
	_, ink, _, skins, _ := colours()
	var from uint64
	for i, share := range shares {
		part := image.Rect(r.Min.X+r.Dx()*int(from)/thousand, r.Min.Y, r.Min.X+r.Dx()*int(from+share)/thousand, r.Max.Y)
		from += share
		c.fill(part, &pattern{skins[i], ink, i})
	}
}

// A pattern is an endless picture, by which the parts of a bar are told apart.
type pattern struct {
	skin, ink color.RGBA
	which     int
}

// ColorModel is that of all pictures here.
func (p *pattern) ColorModel() color.Model { return color.RGBAModel }

// Bounds are those of everything.
func (p *pattern) Bounds() image.Rectangle { return image.Rect(-1e6, -1e6, 1e6, 1e6) }

// At is the colour of a point.
func (p *pattern) At(x, y int) color.Color {
	const every = 12
	if p.which == 1 {
		dx, dy := float64(x%every)-every/2+.5, float64(y%every)-every/2+.5
		return p.mix(2.6 - math.Hypot(dx, dy))
	}
	if p.which == 2 {
		off := float64((x+y)%every) - every/2
		return p.mix(1.6 - math.Abs(off)*math.Sqrt2/2)
	}
	return p.skin
}

// mix is the colour of a point that is so far within the ink; at its edge some of both.
func (p *pattern) mix(within float64) color.RGBA {
	part := min(1, max(0, within+.5))
	of := func(skin, ink uint8) uint8 {
		return uint8(math.Round(float64(skin) + part*(float64(ink)-float64(skin))))
	}
	return color.RGBA{of(p.skin.R, p.ink.R), of(p.skin.G, p.ink.G), of(p.skin.B, p.ink.B), 255}
}
