//! Amounts of money: whole cents here, yuan with up to two decimals in JSON.

use std::fmt::{self, Display, Formatter};

use deadpool_sqlite::rusqlite::{
    ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Beyond a hundred billion yuan somebody's finger slipped; below, every cent is exact in a JavaScript number.
const MOST: f64 = 1e11;

/// An amount in cents (分).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(pub(crate) i64);

impl Money {
    pub(crate) const fn yuan(yuan: i64) -> Self {
        Self(yuan * 100)
    }
}

impl Display for Money {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 % 100 {
            0 => write!(f, "{}", self.0 / 100),
            cents => write!(f, "{}.{:02}", self.0 / 100, cents.abs()),
        }
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 % 100 {
            0 => serializer.serialize_i64(self.0 / 100),
            #[expect(clippy::cast_precision_loss, reason = "amounts are below MOST")]
            _ => serializer.serialize_f64(self.0 as f64 / 100.0),
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cents = f64::deserialize(deserializer)? * 100.0;
        if cents.abs() > MOST * 100.0 {
            return Err(D::Error::custom("an amount is too large"));
        }
        // 0.29 * 100.0 is a little less than 29.
        if (cents - cents.round()).abs() > 1e-3 {
            return Err(D::Error::custom("an amount has two decimals at most"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is round and in range")]
        Ok(Self(cents.round() as i64))
    }
}

impl ToSql for Money {
    fn to_sql(&self) -> deadpool_sqlite::rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Money {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cent_survives_json() {
        for (json, cents) in [("0.29", 29), ("36000", 3_600_000), ("19.9", 1990), ("-1", -100), ("0", 0)] {
            let money: Money = serde_json::from_str(json).unwrap();
            assert_eq!(money, Money(cents));
            assert_eq!(serde_json::to_string(&money).unwrap(), json);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for json in ["0.001", "1e300", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn people_read_yuan() {
        assert_eq!(Money::yuan(65_000).to_string(), "65000");
        assert_eq!(Money(1905).to_string(), "19.05");
    }
}
