//! The one byte form of a JSON value (RFC 8785), and the values of others in a form that it can keep.
//! It is not the tokens' JSON: those go into a record as text, byte for byte.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

use crate::text::Text;

/// The largest whole number that RFC 8785 writes exactly: 2^53 (its numbers are IEEE doubles, appendix D).
const LARGEST_EXACT: u64 = 1 << 53;

/// Writes a value in its canonical form. Fails on a key that occurs twice and on numbers that are none.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// JSON inside a record whose shape others know: an effect, an error, a line of a diff.
///
/// Every string and key is in the safe form of [`Text`], when it is made and when it is read back, so that nothing in a
/// record acts on a terminal, not even in one that was tampered with. Two keys whose safe forms are equal become one (the
/// later). Whole numbers beyond 2^53 become strings, since RFC 8785 would round them.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Detail(Value);

impl Detail {
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Detail {
    fn from(value: Value) -> Self {
        Self(kept(value))
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<'de> Deserialize<'de> for Detail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

fn kept(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::Number(number) => exact(number),
        Value::String(written) => Value::String(Text::from(written).to_string()),
        Value::Array(items) => items.into_iter().map(kept).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (Text::from(key).to_string(), kept(value)))
            .collect(),
    }
}

fn exact(number: Number) -> Value {
    let magnitude = number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs));
    if magnitude.is_some_and(|n| n > LARGEST_EXACT) {
        Value::String(number.to_string())
    } else {
        Value::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(json: &str) -> String {
        let value: Value = serde_json::from_str(json).unwrap();
        String::from_utf8(canonical(&value).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_rfc_8785_section_3_2_2_comes_out_as_there() {
        let written = r#"{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"#;

        assert_eq!(
            form(written),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn keys_are_sorted_by_utf_16_as_in_rfc_8785_section_3_2_3() {
        let written = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
            "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;

        let order: Vec<String> =
            serde_json::from_str::<serde_json::Map<String, Value>>(&form(written))
                .unwrap()
                .values()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();

        assert_eq!(
            order,
            [
                "Carriage Return",
                "One",
                "Control",
                "Latin Small Letter O With Diaeresis",
                "Euro Sign",
                "Emoji: Grinning Face",
                "Hebrew Letter Dalet With Dagesh"
            ]
        );
    }

    #[test]
    fn numbers_are_written_as_in_rfc_8785_appendix_b() {
        for (bits, written) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let number: f64 = f64::from_bits(bits);

            assert_eq!(canonical(&number).unwrap(), written.as_bytes());
        }
    }

    #[test]
    fn a_detail_keeps_large_numbers_as_text_and_no_character_that_acts() {
        let detail = Detail::from(json!({
            "a\u{1b}": ["\u{202e}x", 9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64, i64::MIN, -1.5]
        }));

        assert_eq!(
            detail.as_value(),
            &json!({"a␛": ["‹202E›x", 9_007_199_254_740_992_u64, "9007199254740993", "-9223372036854775808", -1.5]})
        );
    }

    #[test]
    fn a_detail_that_is_read_back_is_safe_whatever_the_file_says() {
        let detail: Detail = serde_json::from_str(r#"{"say":"\u001b[2J"}"#).unwrap();

        assert_eq!(detail.as_value(), &json!({"say": "␛[2J"}));
    }
}
