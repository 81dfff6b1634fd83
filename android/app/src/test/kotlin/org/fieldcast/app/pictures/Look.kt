package org.fieldcast.app.pictures

import android.content.Context
import android.content.ContextWrapper
import android.content.res.Configuration
import android.content.res.Resources
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.requiredSize
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.key
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.ComposeView
import androidx.compose.ui.unit.dp
import androidx.compose.ui.viewinterop.AndroidView
import java.util.Locale
import kotlin.time.Duration
import org.fieldcast.app.ui.parts.LocalSettleTime
import org.fieldcast.app.ui.theme.FieldcastTheme

/** How a screen is shown. */
data class Look(val language: String, val isDark: Boolean = false, val fontScale: Float = 1f) {
    /** As most users see it. */
    val isPlain: Boolean get() = !isDark && fontScale == 1f

    /** As in "fr-dark-2". */
    val name: String get() = listOfNotNull(language, "dark".takeIf { isDark }, "2".takeIf { fontScale > 1 }).joinToString("-")
}

/** The languages of the app, in which every text exists. */
val languages = listOf("en", "pt", "fr", "sw", "ar")

/** Every combination of language, theme and font size. */
val looks: List<Look> = languages.flatMap { language ->
    listOf(false, true).flatMap { dark -> listOf(1f, 2f).map { Look(language, dark, it) } }
}

/** A picture on a small phone of 360 by 640 dp. A view of its own gives the look to dialogs, too. */
@Composable
fun OnPhone(picture: Picture, look: Look) = key(picture, look) {
    AndroidView({ context ->
        ComposeView(context.shown(look)).apply {
            setContent {
                CompositionLocalProvider(LocalSettleTime provides Duration.ZERO) {
                    FieldcastTheme(look.isDark) {
                        Surface { Box(Modifier.requiredSize(360.dp, 640.dp)) { picture.content() } }
                    }
                }
            }
        }
    })
}

private fun Context.shown(look: Look): Context {
    val configuration = Configuration(resources.configuration)
    val locale = Locale(look.language)
    configuration.setLocale(locale)
    configuration.setLayoutDirection(locale)
    configuration.fontScale = look.fontScale
    val localized = createConfigurationContext(configuration).resources
    // Screens find the activity by unwrapping the context.
    return object : ContextWrapper(this) {
        override fun getResources(): Resources = localized
    }
}
