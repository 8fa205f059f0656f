//! `--dimension name=number`, as feedback and ratings take it.

/// One further score by name.
pub(super) fn parse(text: &str) -> Result<(String, f64), String> {
    let (name, number) = text.split_once('=').ok_or("write it as name=number, such as tone=8")?;
    let (name, number) = (name.trim(), number.trim());
    if name.is_empty() {
        return Err("the name in front of = is missing".into());
    }
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((name.to_owned(), value)),
        _ => Err(format!("{number:?} is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_dimension_is_a_name_and_a_finite_number() {
        assert_eq!(parse("tone = 8.5"), Ok(("tone".into(), 8.5)));
        for bad in ["tone", "=8", "tone=", "tone=x", "tone=inf", "tone=NaN"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
