package org.fieldcast.app.ui.theme

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.graphics.Color
import org.fieldcast.app.ui.ProvideFormats

/** Dark text on light surfaces, to be readable in the sun. AccessibilityTest computes the contrast of every pair. */
internal val LightColors = lightColorScheme(
    primary = Color(0xFF17603F),
    onPrimary = Color(0xFFFFFFFF),
    primaryContainer = Color(0xFFB4F1CC),
    onPrimaryContainer = Color(0xFF002112),
    inversePrimary = Color(0xFF8FD7AD),
    secondary = Color(0xFF47624F),
    onSecondary = Color(0xFFFFFFFF),
    secondaryContainer = Color(0xFFD5EADB),
    onSecondaryContainer = Color(0xFF0A1F12),
    tertiary = Color(0xFF2A5F7A),
    onTertiary = Color(0xFFFFFFFF),
    tertiaryContainer = Color(0xFFC4E7FF),
    onTertiaryContainer = Color(0xFF001E2D),
    background = Color(0xFFF7FBF6),
    onBackground = Color(0xFF181D19),
    surface = Color(0xFFF7FBF6),
    onSurface = Color(0xFF181D19),
    surfaceVariant = Color(0xFFDCE5DC),
    onSurfaceVariant = Color(0xFF3D4840),
    surfaceTint = Color(0xFF17603F),
    inverseSurface = Color(0xFF2C322D),
    inverseOnSurface = Color(0xFFEEF2EC),
    error = Color(0xFFA8201A),
    onError = Color(0xFFFFFFFF),
    errorContainer = Color(0xFFFFDAD5),
    onErrorContainer = Color(0xFF410002),
    outline = Color(0xFF667068),
    outlineVariant = Color(0xFFC0C9C0),
    scrim = Color(0xFF000000),
    surfaceBright = Color(0xFFF7FBF6),
    surfaceDim = Color(0xFFD8DCD6),
    surfaceContainerLowest = Color(0xFFFFFFFF),
    surfaceContainerLow = Color(0xFFF1F5F0),
    surfaceContainer = Color(0xFFEBF0EA),
    surfaceContainerHigh = Color(0xFFE6EAE4),
    surfaceContainerHighest = Color(0xFFE0E4DF),
)

internal val DarkColors = darkColorScheme(
    primary = Color(0xFF8FD7AD),
    onPrimary = Color(0xFF003821),
    primaryContainer = Color(0xFF005232),
    onPrimaryContainer = Color(0xFFB4F1CC),
    inversePrimary = Color(0xFF17603F),
    secondary = Color(0xFFB1CCBA),
    onSecondary = Color(0xFF1C3526),
    secondaryContainer = Color(0xFF334B3B),
    onSecondaryContainer = Color(0xFFD5EADB),
    tertiary = Color(0xFF98CDEC),
    onTertiary = Color(0xFF00344A),
    tertiaryContainer = Color(0xFF0E4C66),
    onTertiaryContainer = Color(0xFFC4E7FF),
    background = Color(0xFF101511),
    onBackground = Color(0xFFE0E4DF),
    surface = Color(0xFF101511),
    onSurface = Color(0xFFE0E4DF),
    surfaceVariant = Color(0xFF3F4942),
    onSurfaceVariant = Color(0xFFC3CCC3),
    surfaceTint = Color(0xFF8FD7AD),
    inverseSurface = Color(0xFFE0E4DF),
    inverseOnSurface = Color(0xFF2C322D),
    error = Color(0xFFFFB4AA),
    onError = Color(0xFF690005),
    errorContainer = Color(0xFF8C1410),
    onErrorContainer = Color(0xFFFFDAD5),
    outline = Color(0xFF8D968E),
    outlineVariant = Color(0xFF3F4942),
    scrim = Color(0xFF000000),
    surfaceBright = Color(0xFF353B36),
    surfaceDim = Color(0xFF101511),
    surfaceContainerLowest = Color(0xFF0B0F0C),
    surfaceContainerLow = Color(0xFF181D19),
    surfaceContainer = Color(0xFF1C211D),
    surfaceContainerHigh = Color(0xFF262B27),
    surfaceContainerHighest = Color(0xFF313632),
)

/** The look of the app. The same on every phone, so that a trainer's pictures match. */
@Composable
fun FieldcastTheme(isDark: Boolean = isSystemInDarkTheme(), content: @Composable () -> Unit) =
    MaterialTheme(colorScheme = if (isDark) DarkColors else LightColors) { ProvideFormats(content) }
