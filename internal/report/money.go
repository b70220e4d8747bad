package report

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// Money is an amount in ten-thousandths of a currency's unit: exact for whatever a price list says, and sums stay
// exact.
type Money int64

const moneyUnit = 10_000

// ParseMoney reads a decimal number such as 12.50.
func ParseMoney(s string) (Money, error) {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok || len(s) > 40 {
		return 0, fmt.Errorf("%q is not an amount of money", s)
	}
	r.Mul(r, big.NewRat(moneyUnit, 1))
	if !r.IsInt() {
		return 0, fmt.Errorf("%q has more than four decimals", s)
	}
	n := r.Num()
	if !n.IsInt64() || n.CmpAbs(big.NewInt(1e15)) > 0 {
		return 0, fmt.Errorf("%q is too much", s)
	}
	return Money(n.Int64()), nil
}

// String is the amount with two decimals, or with as many as it takes.
func (m Money) String() string {
	sign, n := "", int64(m)
	if n < 0 {
		sign, n = "-", -n
	}
	if n%100 == 0 {
		return fmt.Sprintf("%s%d.%02d", sign, n/moneyUnit, n%moneyUnit/100)
	}
	return strings.TrimRight(fmt.Sprintf("%s%d.%04d", sign, n/moneyUnit, n%moneyUnit), "0")
}

// MarshalText writes it as String: a JSON number could lose the exact amount on its way.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (m *Money) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMoney(string(b))
	return err
}

// price is one license_price block.
type price struct {
	product, license string
	monthly          Money
	currency         string
}

// prices are the license_price blocks by app.
type prices map[string][]price

// of finds what one license costs a month: a price of its own comes before that of all licenses of the product.
func (p prices) of(app, product, license string) (price, bool) {
	var found price
	ok := false
	for _, e := range p[app] {
		switch {
		case e.product != product:
		case e.license == license:
			return e, true
		case e.license == "":
			found, ok = e, true
		}
	}
	return found, ok
}

// pricesOf reads the license_price blocks out of the configuration of one provider. What is not a constant
// there is not known: the plan does not say what it came to.
func pricesOf(expressions map[string]json.RawMessage, into prices) {
	type constant struct {
		Value json.RawMessage `json:"constant_value"`
	}
	var apps []struct {
		Name  constant `json:"name"`
		Price []struct {
			Product  constant `json:"product"`
			License  constant `json:"license"`
			Monthly  constant `json:"monthly"`
			Currency constant `json:"currency"`
		} `json:"license_price"`
	}
	if json.Unmarshal(expressions["app"], &apps) != nil {
		return // made by a dynamic block, or another provider's app
	}
	for _, a := range apps {
		for _, e := range a.Price {
			monthly, err := ParseMoney(scalar(e.Monthly.Value))
			if err != nil || scalar(a.Name.Value) == "" || scalar(e.Product.Value) == "" {
				continue
			}
			into[scalar(a.Name.Value)] = append(into[scalar(a.Name.Value)],
				price{scalar(e.Product.Value), scalar(e.License.Value), monthly, scalar(e.Currency.Value)})
		}
	}
}

// scalar is a JSON string, number or boolean as text; anything else is "".
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	text := strings.TrimSpace(string(raw))
	if text == "" || text == "null" || strings.ContainsAny(text[:1], "{[") {
		return ""
	}
	return text
}

// cost adds what a grant of a license changes in the monthly bill.
func (p prices) cost(g *Grant) (known bool) {
	add := func(license string, sign Money) bool {
		e, ok := p.of(g.App, g.Name, license)
		if ok && (g.Currency == "" || g.Currency == e.currency) {
			g.Cost += sign * e.monthly
			g.Currency = e.currency
		}
		return ok
	}
	switch g.Effect {
	case Gain:
		return add(g.Value, 1)
	case Lose:
		return add(g.Value, -1)
	case Change:
		return add(g.Value, 1) && add(g.Was, -1)
	case Keep, Held, Unmanaged, Noticed:
	}
	return true
}
