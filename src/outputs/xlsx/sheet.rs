//! One sheet: its page setup, its styles, and the few ways of writing to it. Text is always written as text; a
//! formula is always written with its result.

use std::borrow::Cow;

use rust_xlsxwriter::{
    Color, Format, FormatAlign, FormatBorder, FormatUnderline, Formula, ProtectionOptions, Table, TableColumn,
    TableStyle, Url, Worksheet, XlsxError,
};

use crate::model::instant::Instant;
use crate::outputs::sanitize::{escape_controls, is_active, is_formula_like};

/// Maximum UTF-16 units of a cell; Excel allows 32,767.
const MAX_TEXT: usize = 32_000;
const CUT: &str = "\u{2026} [cut; the whole value is in findings.jsonl]";
const A4: u8 = 9;
/// Color of input cells.
const YELLOW: Color = Color::RGB(0x00FF_F2CC);
const LINE: f64 = 15.0;

/// A text as a cell may contain it.
pub(super) struct CellText<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether a spreadsheet would run it as a formula when the cell is edited.
    pub(super) quoted: bool,
    pub(super) cut: bool,
}

/// Makes active characters visible, and truncates to the cell limit.
pub(super) fn cell_text(text: &str) -> CellText<'_> {
    let shown = escape_controls(text);
    let quoted = is_formula_like(text) || is_formula_like(&shown);
    fitted(shown, quoted)
}

/// Like [`cell_text`], for text typed into a multi-line cell: line breaks stay. If other active characters occur, all
/// are made visible, so that `tieout review` recognizes the text.
pub(super) fn typed_text(text: &str) -> CellText<'_> {
    if text.chars().any(|c| c != '\n' && is_active(c)) {
        return cell_text(text);
    }
    fitted(Cow::Borrowed(text), is_formula_like(text))
}

fn fitted(shown: Cow<'_, str>, quoted: bool) -> CellText<'_> {
    if shown.len() <= MAX_TEXT {
        return CellText { text: shown, quoted, cut: false };
    }
    let mut units = 0;
    let end = shown.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > MAX_TEXT
    });
    match end {
        None => CellText { text: shown, quoted, cut: false },
        Some((at, _)) => CellText { text: Cow::Owned(format!("{}{CUT}", &shown[..at])), quoted, cut: true },
    }
}

/// A style, and the same style with Excel's quote prefix, which marks text.
pub(super) struct CellStyle {
    plain: Format,
    quoted: Format,
}

impl CellStyle {
    fn new(plain: Format) -> Self {
        Self { quoted: plain.clone().set_quote_prefix(), plain }
    }
}

/// Styles of all sheets.
pub(super) struct Styles {
    pub(super) title: CellStyle,
    pub(super) heading: CellStyle,
    head: CellStyle,
    head_of_numbers: CellStyle,
    pub(super) text: CellStyle,
    pub(super) strong: CellStyle,
    /// One line, overflowing into empty neighbors.
    pub(super) line: CellStyle,
    /// A warning: dark red text.
    pub(super) warning: CellStyle,
    /// A yellow cell for user input.
    pub(super) input: CellStyle,
    /// Like [`Styles::input`], in a table with many rows.
    input_data: CellStyle,
    input_day: Format,
    quoted_data: Format,
    data_link: Format,
    number: Format,
    sum: Format,
    tick: Format,
    date: Format,
    day: Format,
    share: Format,
    link: Format,
}

impl Styles {
    pub(super) fn new() -> Self {
        let dark_blue = Color::RGB(0x001F_3F66);
        let dark_red = Color::RGB(0x008F_1A14);
        let cell = || Format::new().set_align(FormatAlign::Top);
        // Keeps numbers apart from the text in the next column.
        let number = || cell().set_num_format("#,##0").set_align(FormatAlign::Right).set_indent(1);
        let input = || Format::new().set_background_color(YELLOW).set_unlocked();
        let framed = |format: Format| format.set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x00B7_A55C));
        let head = || cell().set_bold().set_text_wrap().set_font_color(Color::White).set_background_color(dark_blue);
        Self {
            title: CellStyle::new(Format::new().set_bold().set_font_size(16).set_font_color(dark_blue)),
            heading: CellStyle::new(Format::new().set_bold().set_font_size(12).set_font_color(dark_blue)),
            head: CellStyle::new(head()),
            head_of_numbers: CellStyle::new(head().set_align(FormatAlign::Right).set_indent(1)),
            text: CellStyle::new(cell().set_text_wrap()),
            strong: CellStyle::new(cell().set_text_wrap().set_bold()),
            line: CellStyle::new(cell()),
            warning: CellStyle::new(cell().set_text_wrap().set_bold().set_font_color(dark_red)),
            input: CellStyle::new(framed(input().set_text_wrap().set_align(FormatAlign::Top))),
            input_data: CellStyle::new(framed(input())),
            input_day: framed(input().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left)),
            quoted_data: Format::new().set_quote_prefix(),
            data_link: Format::new().set_hyperlink(),
            number: number(),
            sum: number().set_bold().set_border_top(FormatBorder::Thin),
            tick: cell().set_bold(),
            date: Format::new().set_num_format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Left),
            day: Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
            share: cell().set_num_format("0.0 %").set_align(FormatAlign::Right).set_indent(1),
            link: cell().set_text_wrap().set_font_color(dark_blue).set_underline(FormatUnderline::Single),
        }
    }
}

/// The heading of a column.
#[derive(Clone, Copy)]
pub(super) enum Header {
    Text(&'static str),
    Number(&'static str),
}

/// Content of one cell in a row of text and numbers.
pub(super) enum Cell {
    Blank,
    Text(String),
    Strong(String),
    Line(String),
    Number(u64),
    /// A formula over numbers, and its result.
    Sum(String, u64),
    /// Like [`Cell::Sum`], in bold below a rule.
    Total(String, u64),
    /// A formula whose result is a word.
    Tick(String, &'static str),
    /// A time, in UTC.
    Date(Instant),
    /// A day.
    Day(Instant),
    /// A share, shown as a percentage.
    Share(f64),
    /// A formula whose result is a text.
    Words(String, String),
    /// A formula whose result is a time.
    Moment(String, Instant),
    /// A location in this workbook, as `'Read me'!A1`, and the cell's text.
    Jump(String, String),
    /// A cell for user input.
    Input,
    /// The same, for a day.
    InputDay,
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn strong(text: &str) -> Self {
        Self::Strong(text.to_owned())
    }

    pub(super) fn line(text: &str) -> Self {
        Self::Line(text.to_owned())
    }

    /// A link to the top of a sheet.
    pub(super) fn sheet(name: &str) -> Self {
        Self::Jump(format!("'{name}'!A1"), name.to_owned())
    }
}

/// A sheet being written.
pub(super) struct Sheet<'a> {
    pub(super) inner: Worksheet,
    styles: &'a Styles,
    widths: &'a [f64],
    /// Number of truncated texts.
    pub(super) cut: u64,
    /// Number of texts written.
    pub(super) texts: u64,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(
        styles: &'a Styles,
        name: &str,
        landscape: bool,
        widths: &'a [f64],
        footer: &str,
    ) -> Result<Self, XlsxError> {
        Self::over(Worksheet::new(), styles, name, landscape, widths, footer)
    }

    pub(super) fn over(
        mut inner: Worksheet,
        styles: &'a Styles,
        name: &str,
        landscape: bool,
        widths: &'a [f64],
        footer: &str,
    ) -> Result<Self, XlsxError> {
        inner.set_name(name)?;
        for (column, &width) in (0u16..).zip(widths) {
            inner.set_column_width(column, width)?;
        }
        if landscape {
            inner.set_landscape();
        }
        inner
            .set_paper_size(A4)
            .set_print_fit_to_pages(1, 0)
            .set_margins(0.5, 0.5, 0.6, 0.6, 0.3, 0.3)
            .set_footer(footer);
        Ok(Self { inner, styles, widths, cut: 0, texts: 0 })
    }

    pub(super) fn finish(self) -> Worksheet {
        self.inner
    }

    /// Writes a text.
    pub(super) fn put(&mut self, row: u32, column: u16, text: &str, look: &CellStyle) -> Result<(), XlsxError> {
        self.cell(row, column, cell_text(text), look)
    }

    fn cell(&mut self, row: u32, column: u16, cell: CellText<'_>, look: &CellStyle) -> Result<(), XlsxError> {
        self.texts += 1;
        self.cut += u64::from(cell.cut);
        let format = if cell.quoted { &look.quoted } else { &look.plain };
        self.inner.write_string_with_format(row, column, cell.text, format)?;
        Ok(())
    }

    /// Writes a text in a table with many rows: without a style of its own, which is twice as fast.
    pub(super) fn data(&mut self, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        let cell = cell_text(text);
        self.texts += 1;
        self.cut += u64::from(cell.cut);
        if cell.quoted {
            self.inner.write_string_with_format(row, column, cell.text, &self.styles.quoted_data)?;
        } else {
            self.inner.write_string(row, column, cell.text)?;
        }
        Ok(())
    }

    /// Writes a yellow cell in a table with many rows, with the user's earlier text.
    pub(super) fn input(&mut self, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        let styles = self.styles;
        if text.is_empty() {
            self.inner.write_blank(row, column, &styles.input_data.plain)?;
            return Ok(());
        }
        self.cell(row, column, typed_text(text), &styles.input_data)
    }

    /// Writes a user's text in a table with many rows.
    pub(super) fn typed(&mut self, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        let styles = self.styles;
        if text.is_empty() { Ok(()) } else { self.cell(row, column, typed_text(text), &styles.line) }
    }

    /// Writes a text, if not blank, in a table with many rows.
    pub(super) fn some(&mut self, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        if text.is_empty() { Ok(()) } else { self.data(row, column, text) }
    }

    /// Adds an Excel table of so many rows below its headings, to sort and filter.
    pub(super) fn table(
        &mut self,
        row: u32,
        rows: u32,
        name: &str,
        headings: &[&str],
        says: &str,
    ) -> Result<(), XlsxError> {
        let head = &self.styles.head.plain;
        let column = |&heading: &&str| TableColumn::new().set_header(heading).set_header_format(head);
        let columns: Vec<TableColumn> = headings.iter().map(column).collect();
        let table = Table::new()
            .set_name(name)
            .set_style(TableStyle::Light9)
            .set_columns(&columns)
            .set_alt_text_title(name)
            .set_alt_text(says);
        let last = u16::try_from(headings.len().saturating_sub(1)).unwrap_or(u16::MAX);
        // An Excel table needs a row of data; without any it is an empty one.
        self.inner.add_table(row, 0, row + rows.max(1), last, &table)?;
        let most = headings.iter().zip(self.widths).map(|(heading, &width)| lines(heading, width - 3.0)).max();
        self.inner.set_row_height(row, f64::from(most.unwrap_or(1)) * LINE + 3.0)?;
        Ok(())
    }

    /// Protects the sheet from accidental changes, without a password: input cells can be filled, and columns can be
    /// resized.
    pub(super) fn protect(&mut self) {
        self.inner.protect_with_options(&ProtectionOptions {
            format_columns: true,
            format_rows: true,
            ..ProtectionOptions::new()
        });
    }

    /// Writes a text that links to a URL.
    pub(super) fn link(&mut self, row: u32, column: u16, url: &str, text: String) -> Result<(), XlsxError> {
        self.inner.write_url_with_format(row, column, Url::new(url).set_text(text), &self.styles.data_link)?;
        Ok(())
    }

    /// Writes the sheet's title.
    pub(super) fn title(&mut self, text: &str) -> Result<(), XlsxError> {
        self.inner.set_row_height(0, 26)?;
        self.put(0, 0, text, &self.styles.title)
    }

    /// Writes a heading within the sheet.
    pub(super) fn heading(&mut self, row: u32, text: &str) -> Result<(), XlsxError> {
        self.inner.set_row_height(row, 22)?;
        self.put(row, 0, text, &self.styles.heading)
    }

    /// Writes a row of column headings.
    pub(super) fn head(&mut self, row: u32, headings: &[Header]) -> Result<(), XlsxError> {
        let mut most = 1;
        for ((column, heading), &width) in (0u16..).zip(headings).zip(self.widths) {
            let (text, look) = match heading {
                Header::Text(text) => (text, &self.styles.head),
                Header::Number(text) => (text, &self.styles.head_of_numbers),
            };
            most = most.max(lines(text, width));
            self.put(row, column, text, look)?;
        }
        self.inner.set_row_height(row, f64::from(most) * LINE + 3.0)?;
        Ok(())
    }

    /// Writes column headings, to which others are added one by one.
    pub(super) fn heads(&mut self, row: u32, headings: &[&str]) -> Result<(), XlsxError> {
        let styles = self.styles;
        (0u16..).zip(headings).try_for_each(|(column, heading)| self.put(row, column, heading, &styles.head))
    }

    /// Writes the heading of one number column.
    pub(super) fn head_of_number(&mut self, row: u32, column: u16, heading: &str) -> Result<(), XlsxError> {
        let styles = self.styles;
        self.put(row, column, heading, &styles.head_of_numbers)
    }

    /// Writes a row of cells, as high as its longest text needs.
    pub(super) fn row(&mut self, row: u32, cells: &[Cell]) -> Result<(), XlsxError> {
        let styles = self.styles;
        let mut most = 1;
        for ((column, cell), &width) in (0u16..).zip(cells).zip(self.widths) {
            match cell {
                Cell::Blank => {}
                Cell::Text(text) => {
                    most = most.max(lines(text, width));
                    self.put(row, column, text, &styles.text)?;
                }
                Cell::Strong(text) => {
                    most = most.max(lines(text, width));
                    self.put(row, column, text, &styles.strong)?;
                }
                Cell::Line(text) => self.put(row, column, text, &styles.line)?,
                Cell::Number(number) => self.number(row, column, *number)?,
                Cell::Sum(formula, result) => {
                    self.formula(row, column, formula, &result.to_string(), &styles.number)?;
                }
                Cell::Total(formula, result) => self.formula(row, column, formula, &result.to_string(), &styles.sum)?,
                Cell::Tick(formula, result) => self.formula(row, column, formula, result, &styles.tick)?,
                Cell::Date(at) => self.date(row, column, *at)?,
                Cell::Day(at) => {
                    let date = rust_xlsxwriter::ExcelDateTime::from_timestamp(at.seconds())?;
                    self.inner.write_datetime_with_format(row, column, date, &styles.day)?;
                }
                Cell::Share(share) => {
                    self.inner.write_number_with_format(row, column, *share, &styles.share)?;
                }
                Cell::Words(formula, result) => self.formula(row, column, formula, result, &styles.text.plain)?,
                Cell::Moment(formula, result) => {
                    let number = rust_xlsxwriter::ExcelDateTime::from_timestamp(result.seconds())?.to_excel();
                    self.formula(row, column, formula, &number.to_string(), &styles.date)?;
                }
                Cell::Jump(place, text) => {
                    most = most.max(lines(text, width));
                    let url = Url::new(format!("internal:{place}")).set_text(text);
                    self.inner.write_url_with_format(row, column, url, &styles.link)?;
                }
                Cell::Input => {
                    self.inner.write_blank(row, column, &styles.input.plain)?;
                }
                Cell::InputDay => {
                    self.inner.write_blank(row, column, &styles.input_day)?;
                }
            }
        }
        self.inner.set_row_height(row, f64::from(most) * LINE)?;
        Ok(())
    }

    /// Writes a warning in one column.
    pub(super) fn warning(&mut self, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        let width = self.widths.get(usize::from(column)).copied().unwrap_or(80.0);
        self.inner.set_row_height(row, f64::from(lines(text, width)) * LINE)?;
        self.put(row, column, text, &self.styles.warning)
    }

    pub(super) fn number(&mut self, row: u32, column: u16, number: u64) -> Result<(), XlsxError> {
        // Row counts are far below 2^53.
        self.inner.write_number_with_format(row, column, number as f64, &self.styles.number)?;
        Ok(())
    }

    fn formula(
        &mut self,
        row: u32,
        column: u16,
        formula: &str,
        result: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        self.inner.write_formula_with_format(row, column, Formula::new(formula).set_result(result), format)?;
        Ok(())
    }

    /// Writes a time as a real date, in UTC.
    pub(super) fn date(&mut self, row: u32, column: u16, instant: Instant) -> Result<(), XlsxError> {
        let date = rust_xlsxwriter::ExcelDateTime::from_timestamp(instant.seconds())?;
        self.inner.write_datetime_with_format(row, column, date, &self.styles.date)?;
        Ok(())
    }
}

/// Number of lines of a text in a column, slightly overestimated: headless LibreOffice clips what does not fit.
fn lines(text: &str, width: f64) -> u32 {
    let per_line = (width * 1.08).max(4.0);
    let lines: f64 = text.split('\n').map(|line| (line.chars().count() as f64 / per_line).ceil().max(1.0)).sum();
    // Excel limits row height to 409 points.
    let mut whole = 1;
    while f64::from(whole) < lines && whole < 27 {
        whole += 1;
    }
    whole
}
