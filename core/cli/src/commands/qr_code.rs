//! QR codes as text and as an image.

use fieldcast::QrMatrix;

/// The light border around a QR code, in modules. Many readers need it to find the code.
const QUIET_ZONE: usize = 4;

/// The size of a module on paper. The code of a usual profile is then about 10 cm wide.
const MODULE_MM: usize = 2;

/// Draws two rows of modules per line. The colours are always black on white, for dark and light terminals.
pub(super) fn draw(code: &QrMatrix) -> Vec<String> {
    let side = code.width + 2 * QUIET_ZONE;
    let dark = |x: usize, y: usize| {
        x.checked_sub(QUIET_ZONE).zip(y.checked_sub(QUIET_ZONE)).is_some_and(|(x, y)| code.is_dark(x, y))
    };
    let half = |x, y| match (dark(x, y), dark(x, y + 1)) {
        (true, true) => '\u{2588}',
        (true, false) => '\u{2580}',
        (false, true) => '\u{2584}',
        (false, false) => ' ',
    };
    let row = |y| format!("\u{1b}[38;5;16;48;5;231m{}\u{1b}[0m", (0..side).map(|x| half(x, y)).collect::<String>());
    (0..side).step_by(2).map(row).collect()
}

/// The code as an SVG image, with a rectangle for each dark module.
pub(super) fn svg(code: &QrMatrix) -> String {
    let side = code.width + 2 * QUIET_ZONE;
    let dark = (0..code.width).flat_map(|y| (0..code.width).map(move |x| (x, y))).filter(|(x, y)| code.is_dark(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE)).collect();
    let millimetres = side * MODULE_MM;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{millimetres}mm\" height=\"{millimetres}mm\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use fieldcast::qr;

    use super::*;

    #[test]
    fn draws_a_code_with_quiet_zone_and_finders() {
        let code = qr("fieldcast:1").unwrap();
        let lines = draw(&code);
        assert_eq!(lines.len(), (code.width + 2 * QUIET_ZONE).div_ceil(2));
        let modules = |line: &String| line["\u{1b}[38;5;16;48;5;231m".len()..].replace("\u{1b}[0m", "");
        assert!(lines[..2].iter().all(|line| modules(line).chars().all(|c| c == ' ')), "{lines:?}");
        let third = modules(&lines[2]);
        assert!(third.starts_with("    \u{2588}\u{2580}\u{2580}\u{2580}\u{2580}\u{2580}\u{2588} "), "{third}");
        assert!(third.ends_with(" \u{2588}\u{2580}\u{2580}\u{2580}\u{2580}\u{2580}\u{2588}    "), "{third}");
    }

    #[test]
    fn writes_each_dark_module_to_the_image() {
        let code = qr("fieldcast:1").unwrap();
        let image = svg(&code);
        let dark = (0..code.width * code.width).filter(|at| code.is_dark(at % code.width, at / code.width)).count();
        assert_eq!(image.matches("h1v1h-1z").count(), dark);
        assert!(image.contains("d=\"M4 4h1v1h-1z"), "the finder's corner is behind the border: {image}");
    }
}
