package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// A ComuneID is the ISTAT code of a comune (PRO_COM_T): 58091 is Roma, written
// 058091. Range 1 to 999999. Its first three digits are the province's.
type ComuneID uint32

// String returns the six digits, zeros kept.
func (c ComuneID) String() string { return fmt.Sprintf("%06d", uint32(c)) }

// Province returns the code of c's province.
func (c ComuneID) Province() ProvinceID { return ProvinceID(c / 1000) }

// MarshalText writes the six digits.
func (c ComuneID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the six digits.
func (c *ComuneID) UnmarshalText(text []byte) (err error) {
	*c, err = ParseComune(string(text))
	return err
}

// ParseComune reads the six digits of an ISTAT code.
func ParseComune(code string) (ComuneID, error) {
	n, err := parseDigits("comune", code, 6)
	return ComuneID(n), err
}

// A ProvinceID is the ISTAT code of a province, three digits: 58 is Roma.
type ProvinceID uint16

// String returns the three digits.
func (p ProvinceID) String() string { return fmt.Sprintf("%03d", uint16(p)) }

// ParseProvince reads the three digits of an ISTAT code.
func ParseProvince(code string) (ProvinceID, error) {
	n, err := parseDigits("province", code, 3)
	return ProvinceID(n), err
}

// A RegionID is the ISTAT code of a region, two digits: 12 is Lazio.
type RegionID uint8

// String returns the two digits.
func (r RegionID) String() string { return fmt.Sprintf("%02d", uint8(r)) }

// ParseRegion reads the two digits of an ISTAT code.
func ParseRegion(code string) (RegionID, error) {
	n, err := parseDigits("region", code, 2)
	return RegionID(n), err
}

// parseDigits reads a code of exactly width decimal digits, not all zero.
func parseDigits(kind, code string, width int) (uint64, error) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil || len(code) != width || n == 0 || code[0] == '+' {
		return 0, fmt.Errorf("%s %q: want the ISTAT code of %d digits", kind, code, width)
	}
	return n, nil
}

// An OfficeCode names an office (sede) within its administration, as the
// administration writes it. Empty: the comune did not divide itself.
type OfficeCode string

// OfficeCodeMax is the most bytes an office code may have. It is part of every
// cell and of every record.
const OfficeCodeMax = 32

// ParseOffice accepts letters, digits, '.', '_' and '-', at most OfficeCodeMax.
func ParseOffice(code string) (OfficeCode, error) {
	for i := range len(code) {
		c := code[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if !ok {
			return "", fmt.Errorf("office %q: byte %d: want letters, digits, '.', '_' or '-'", code, i)
		}
	}
	if len(code) > OfficeCodeMax {
		return "", fmt.Errorf("office %q: want at most %d characters", code, OfficeCodeMax)
	}
	return OfficeCode(code), nil
}

// A BodyCode names a body, an administration of any kind, by its code in the index
// of public administrations (IPA): c_h501 is the comune of Roma. The index does not
// tell capitals from small letters; these are the small ones.
type BodyCode string

// BodyCodeMax is the most bytes of a BodyCode. The index's own have at most 16.
const BodyCodeMax = 32

// ParseBody accepts letters, digits, '.', '_' and '-', 1 to BodyCodeMax of them, and
// returns them in small letters.
func ParseBody(code string) (BodyCode, error) {
	if _, err := ParseOffice(code); err != nil || code == "" {
		return "", fmt.Errorf("body %.40q: want an IPA code like c_h501: 1 to %d letters, digits, '.', '_' or '-'", code, BodyCodeMax)
	}
	return BodyCode(strings.ToLower(code)), nil
}

// A ServiceID is the number of a service in schema/registry. It is what the log
// and the store keep; people see the code. A number is never given away twice.
type ServiceID uint16

// ServiceUnspecified is the service of a vote that named none its terminal was
// enrolled with.
const ServiceUnspecified ServiceID = 0
