//! Text as a QR code.

use qrcode::{Color, EcLevel, QrCode};

use crate::Error;

/// The modules of a QR code, without the quiet zone. Draw four light modules around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrMatrix {
    /// Modules per row, and the number of rows.
    pub width: usize,
    /// Row by row; true means dark.
    pub dark: Vec<bool>,
}

impl QrMatrix {
    /// Whether the module is dark. Modules outside the code are light.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width && self.dark.get(y * self.width + x).copied().unwrap_or(false)
    }
}

/// The QR code of a text. Error correction level M, because screens may be cracked or dirty.
///
/// # Errors
/// [`Error::TooLongForQr`].
pub fn qr(text: &str) -> Result<QrMatrix, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| Error::TooLongForQr)?;
    Ok(QrMatrix { width: code.width(), dark: code.to_colors().iter().map(|color| *color == Color::Dark).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_codes_to_their_text() {
        for text in ["fieldcast:1?a=192.168.49.1:47000", &format!("fieldcast:1?s={}", "%20aB".repeat(90))] {
            let matrix = qr(text).unwrap();
            let grid = rqrr::SimpleGrid::from_func(matrix.width, |x, y| matrix.is_dark(x, y));
            assert_eq!(rqrr::Grid::new(grid).decode().unwrap().1, text);
        }
        assert!(matches!(qr(&"x".repeat(5000)), Err(Error::TooLongForQr)));
    }
}
