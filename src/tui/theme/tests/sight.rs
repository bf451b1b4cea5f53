//! What an eye makes of two colours: contrast, lightness, difference, also of eyes that lack a cone.

use crate::tui::theme::depth::Rgb;

/// Red, green and blue as light, 0 to 1.
type Light = [f64; 3];

/// Eyes, as the rows of the matrix that gives what they see (Machado, Oliveira and Fernandes 2009, severity 1).
pub(super) const EYES: [(&str, [Light; 3]); 4] = [
    (
        "all cones",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn light(Rgb(r, g, b): Rgb) -> Light {
    [r, g, b].map(|byte| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn dot(a: Light, b: Light) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

const LUMINANCE: Light = [0.2126, 0.7152, 0.0722];

/// Contrast of two colours (WCAG 2.2, relative luminance).
pub(super) fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (dot(light(a), LUMINANCE), dot(light(b), LUMINANCE));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// A colour as an eye sees it: lightness 0 to 100, and two places between opponents (CIELAB, D65).
pub(super) fn seen(colour: Rgb, eye: [Light; 3]) -> Light {
    let light = light(colour);
    let light = eye.map(|row| dot(row, light).clamp(0.0, 1.0));
    let bent = |part: f64| {
        if part > 0.008_856 {
            part.cbrt()
        } else {
            7.787 * part + 16.0 / 116.0
        }
    };
    let x = bent(dot(light, [0.4124, 0.3576, 0.1805]) / 0.950_47);
    let y = bent(dot(light, LUMINANCE));
    let z = bent(dot(light, [0.0193, 0.1192, 0.9505]) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}
