package sandbox

import (
	"fmt"
	"strings"
)

// language is the one in which Slack's own forms speak to a person: "en" or "ja".
type language string

// languageOf returns the language of a locale such as "ja-JP".
func languageOf(locale string) language {
	if strings.HasPrefix(strings.ToLower(locale), "ja") {
		return "ja"
	}
	return "en"
}

// complaints are what a form says of an input before the app hears of it.
var complaints = map[string]map[language]string{
	"required": {"en": "Please complete this required field.", "ja": "この項目は必須です。"},
	"short":    {"en": "Please enter at least %d characters.", "ja": "%d文字以上で入力してください。"},
	"long":     {"en": "Please enter no more than %d characters.", "ja": "%d文字以内で入力してください。"},
	"email":    {"en": "Please enter a valid email address.", "ja": "正しいメールアドレスを入力してください。"},
	"url":      {"en": "Please enter a valid URL.", "ja": "正しい URL を入力してください。"},
	"many":     {"en": "Please choose no more than %d.", "ja": "選べるのは%d件までです。"},
	"number":   {"en": "Please enter a number.", "ja": "半角の数字を入力してください。"},
	"whole":    {"en": "Please enter a whole number.", "ja": "整数を入力してください。"},
	"least":    {"en": "Please enter a number of at least %s.", "ja": "%s以上の数字を入力してください。"},
	"most":     {"en": "Please enter a number of at most %s.", "ja": "%s以下の数字を入力してください。"},
}

// say writes a complaint.
func (l language) say(what string, args ...any) string {
	return fmt.Sprintf(complaints[what][l], args...)
}
