//! SOQL: from text to a tree. What it means for an org is the matter of `plan`.

use super::reply::ErrorResponse;

/// A field, a path of fields, or a function of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// `COUNT`, `MAX`, `DAY_ONLY` and so on, in upper case.
    pub(crate) function: Option<String>,
    /// Empty only for `COUNT()`.
    pub(crate) path: String,
    /// Where it stands in the text, for the caret of a refusal.
    pub(crate) at: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) term: Term,
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Text(String),
    Number(f64),
    Boolean(bool),
    Date(String),
    /// As instants are stored.
    DateTime(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Term, Operator, Literal),
    /// The flag says whether the row must be among them.
    Among(Term, bool, Vec<Literal>),
    Within(Term, bool, Box<Query>),
}

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) term: Term,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) select: Vec<Item>,
    pub(crate) from: String,
    pub(crate) from_at: usize,
    pub(crate) filter: Option<Condition>,
    pub(crate) group: Vec<Term>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
    /// A clause that writes, such as `FOR VIEW`.
    pub(crate) writes: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Symbol(&'static str),
    End,
}

/// Reads a statement, or says where it is wrong as Salesforce does.
pub(crate) fn parse(text: &str) -> Result<Query, ErrorResponse> {
    if text.len() > 100_000 {
        return Err(ErrorResponse::bad(
            "QUERY_TOO_COMPLICATED",
            "SOQL statements cannot be longer than 100,000 characters.",
        ));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0 };
    let query = parser.query()?;
    match parser.peek() {
        Token::End => Ok(query),
        _ => Err(parser.unexpected()),
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, usize)>, ErrorResponse> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
        } else if byte == b'\'' {
            let mut value = Vec::new();
            at += 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (None, _) => return Err(located(text, start, "MALFORMED_QUERY", "unexpected token: '<EOF>'")),
                    (Some(b'\''), _) => break,
                    (Some(b'\\'), Some(&escaped)) => {
                        match escaped.to_ascii_lowercase() {
                            b'n' => value.push(b'\n'),
                            b'r' => value.push(b'\r'),
                            b't' => value.push(b'\t'),
                            b'b' => value.push(8),
                            b'f' => value.push(12),
                            b'\'' | b'"' | b'\\' => value.push(escaped),
                            // Only LIKE knows what to do with these.
                            b'%' | b'_' => value.extend([b'\\', escaped]),
                            _ => {
                                let message = format!("Illegal string escape: '\\{}'", char::from(escaped));
                                return Err(located(text, at, "MALFORMED_QUERY", &message));
                            }
                        }
                        at += 2;
                    }
                    (Some(&plain), _) => {
                        value.push(plain);
                        at += 1;
                    }
                }
            }
            at += 1;
            let value = String::from_utf8_lossy(&value).into_owned();
            if value.chars().count() > 4_000 {
                return Err(located(text, start, "MALFORMED_QUERY", "string literal is longer than 4,000 characters"));
            }
            found.push((Token::Text(value), start));
        } else if byte.is_ascii_digit()
            || matches!(byte, b'-' | b'+') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        {
            at += 1;
            while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'+' | b'-')) {
                at += 1;
            }
            found.push((Token::Number(text[start..at].to_owned()), start));
        } else if byte.is_ascii_alphabetic() || byte == b'_' {
            while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':')) {
                at += 1;
            }
            found.push((Token::Word(text[start..at].to_owned()), start));
        } else {
            let symbol = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ","]
                .into_iter()
                .find(|symbol| text[at..].starts_with(symbol));
            let Some(symbol) = symbol else {
                let wrong = text[at..].chars().next().unwrap_or('?');
                let message = format!("line 1:{at} no viable alternative at character '{wrong}'");
                return Err(located(text, at, "MALFORMED_QUERY", &message));
            };
            at += symbol.len();
            found.push((Token::Symbol(symbol), start));
        }
    }
    found.push((Token::End, text.len()));
    Ok(found)
}

/// A refusal with the piece of the statement and a caret, as Salesforce words it.
pub(crate) fn located(text: &str, at: usize, code: &str, message: &str) -> ErrorResponse {
    let mut from = at.saturating_sub(30);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let mut to = (at + 30).min(text.len());
    while !text.is_char_boundary(to) {
        to += 1;
    }
    let caret = " ".repeat(at - from);
    let piece = text[from..to].replace('\n', " ");
    ErrorResponse::bad(code, &format!("\n{piece}\n{caret}^\nERROR at Row:1:Column:{}\n{message}", at + 1))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn at(&self) -> usize {
        self.tokens[self.next].1
    }

    fn take(&mut self) -> Token {
        let token = self.tokens[self.next].0.clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn unexpected(&self) -> ErrorResponse {
        let shown = match self.peek() {
            Token::Word(text) | Token::Number(text) | Token::Text(text) => text.as_str(),
            Token::Symbol(text) => text,
            Token::End => "<EOF>",
        };
        located(self.text, self.at(), "MALFORMED_QUERY", &format!("unexpected token: '{shown}'"))
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.tokens.get(self.next + ahead).map(|(token, _)| token);
        matches!(token, Some(Token::Word(text)) if text.eq_ignore_ascii_case(word))
    }

    /// Takes these words if they come next.
    fn words(&mut self, words: &[&str]) -> bool {
        let all = words.iter().enumerate().all(|(ahead, word)| self.is_word(ahead, word));
        if all {
            self.next += words.len();
        }
        all
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let is = matches!(self.peek(), Token::Symbol(own) if *own == symbol);
        if is {
            self.next += 1;
        }
        is
    }

    fn need_words(&mut self, words: &[&str]) -> Result<(), ErrorResponse> {
        if self.words(words) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn need(&mut self, symbol: &str) -> Result<(), ErrorResponse> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Result<String, ErrorResponse> {
        let Token::Word(name) = self.peek().clone() else { return Err(self.unexpected()) };
        self.next += 1;
        Ok(name)
    }

    fn count(&mut self) -> Result<usize, ErrorResponse> {
        let number = if let Token::Number(text) = self.peek() { text.parse().ok() } else { None };
        let Some(number) = number else { return Err(self.unexpected()) };
        self.next += 1;
        Ok(number)
    }

    fn query(&mut self) -> Result<Query, ErrorResponse> {
        self.need_words(&["SELECT"])?;
        let mut select = Vec::new();
        loop {
            if matches!(self.peek(), Token::Symbol("(")) || self.is_word(0, "TYPEOF") {
                let what = "The stand-in knows neither subqueries in the SELECT list nor TYPEOF";
                return Err(located(self.text, self.at(), "MALFORMED_QUERY", what));
            }
            let term = self.term()?;
            let alias = match self.peek() {
                Token::Word(word) if !word.eq_ignore_ascii_case("FROM") => Some(self.name()?),
                _ => None,
            };
            select.push(Item { term, alias });
            if !self.symbol(",") {
                break;
            }
        }
        self.need_words(&["FROM"])?;
        let from_at = self.at();
        let from = self.name()?;
        let mut query = Query {
            select,
            from,
            from_at,
            filter: None,
            group: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            writes: None,
        };
        if self.words(&["USING", "SCOPE"]) {
            self.name()?;
        }
        if self.words(&["WHERE"]) {
            query.filter = Some(self.condition()?);
        }
        if self.words(&["GROUP", "BY"]) {
            loop {
                query.group.push(self.term()?);
                if !self.symbol(",") {
                    break;
                }
            }
        }
        if self.words(&["ORDER", "BY"]) {
            loop {
                let term = self.term()?;
                let descending = self.words(&["DESC"]);
                if !descending {
                    self.words(&["ASC"]);
                }
                let nulls_last = self.words(&["NULLS", "LAST"]);
                if !nulls_last {
                    self.words(&["NULLS", "FIRST"]);
                }
                query.order.push(Order { term, descending, nulls_last });
                if !self.symbol(",") {
                    break;
                }
            }
        }
        if self.words(&["LIMIT"]) {
            query.limit = Some(self.count()?);
        }
        if self.words(&["OFFSET"]) {
            query.offset = Some(self.count()?);
        }
        for clause in ["FOR VIEW", "FOR REFERENCE", "FOR UPDATE", "UPDATE TRACKING", "UPDATE VIEWSTAT"] {
            if self.words(&clause.split(' ').collect::<Vec<_>>()) {
                query.writes = Some(clause.to_owned());
            }
        }
        Ok(query)
    }

    fn term(&mut self) -> Result<Term, ErrorResponse> {
        let at = self.at();
        let name = self.name()?;
        if !self.symbol("(") {
            return Ok(Term { function: None, path: name, at });
        }
        let function = name.to_ascii_uppercase();
        let known = [
            "COUNT",
            "COUNT_DISTINCT",
            "MAX",
            "MIN",
            "SUM",
            "DAY_ONLY",
            "HOUR_IN_DAY",
            "CALENDAR_YEAR",
            "CALENDAR_MONTH",
            "FIELDS",
            "TOLABEL",
        ];
        if !known.contains(&function.as_str()) {
            let message = format!("Unknown function or one that the stand-in lacks: {name}");
            return Err(located(self.text, at, "MALFORMED_QUERY", &message));
        }
        let path = if matches!(self.peek(), Token::Symbol(")")) { String::new() } else { self.name()? };
        if path.is_empty() && function != "COUNT" {
            return Err(self.unexpected());
        }
        self.need(")")?;
        Ok(Term { function: Some(function), path, at })
    }

    /// Mixing AND and OR without parentheses is refused, as in Salesforce.
    fn condition(&mut self) -> Result<Condition, ErrorResponse> {
        let first = self.single()?;
        let mut all = vec![first];
        if self.is_word(0, "AND") {
            while self.words(&["AND"]) {
                all.push(self.single()?);
            }
            if self.is_word(0, "OR") {
                return Err(self.unexpected());
            }
            return Ok(Condition::And(all));
        }
        while self.words(&["OR"]) {
            all.push(self.single()?);
        }
        if self.is_word(0, "AND") {
            return Err(self.unexpected());
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::Or(all) })
    }

    fn single(&mut self) -> Result<Condition, ErrorResponse> {
        if self.words(&["NOT"]) {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        if self.symbol("(") {
            let inner = self.condition()?;
            self.need(")")?;
            return Ok(inner);
        }
        let term = self.term()?;
        let among = if self.words(&["IN"]) {
            Some(true)
        } else if self.words(&["NOT", "IN"]) {
            Some(false)
        } else {
            None
        };
        if let Some(among) = among {
            self.need("(")?;
            if self.is_word(0, "SELECT") {
                let inner = self.query()?;
                self.need(")")?;
                return Ok(Condition::Within(term, among, Box::new(inner)));
            }
            let mut values = Vec::new();
            loop {
                values.push(self.literal()?);
                if !self.symbol(",") {
                    break;
                }
            }
            self.need(")")?;
            return Ok(Condition::Among(term, among, values));
        }
        let operator = if self.words(&["LIKE"]) {
            Operator::Like
        } else {
            let operator = match self.peek() {
                Token::Symbol("=") => Operator::Equal,
                Token::Symbol("!=" | "<>") => Operator::Unequal,
                Token::Symbol("<") => Operator::Less,
                Token::Symbol("<=") => Operator::LessOrEqual,
                Token::Symbol(">") => Operator::Greater,
                Token::Symbol(">=") => Operator::GreaterOrEqual,
                _ => return Err(self.unexpected()),
            };
            self.next += 1;
            operator
        };
        Ok(Condition::Compare(term, operator, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, ErrorResponse> {
        let literal = match self.peek() {
            Token::Text(text) => Some(Literal::Text(text.clone())),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" => Some(Literal::Null),
                "true" => Some(Literal::Boolean(true)),
                "false" => Some(Literal::Boolean(false)),
                _ => None,
            },
            Token::Number(text) if text.contains('T') && text.contains(':') => {
                super::org::instant(text).map(Literal::DateTime)
            }
            Token::Number(text) if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() => {
                Some(Literal::Date(text.clone()))
            }
            Token::Number(text) => text.parse().ok().map(Literal::Number),
            Token::Symbol(_) | Token::End => None,
        };
        let Some(literal) = literal else { return Err(self.unexpected()) };
        self.take();
        Ok(literal)
    }
}
