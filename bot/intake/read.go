package intake

import (
	"encoding/json"

	"playcaller/rules"
)

// ReadAccount reads an account in the form that POST /v1/accounts takes, with the errors that it would answer.
func ReadAccount(text []byte) (rules.Account, error) {
	var a rules.Account
	_, clean, err := accountLine(line{text: text})
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(clean, &a)
}
