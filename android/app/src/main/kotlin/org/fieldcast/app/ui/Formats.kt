package org.fieldcast.app.ui

import android.content.Context
import android.icu.text.ListFormatter
import android.icu.text.SimpleDateFormat
import android.icu.util.TimeZone
import android.text.format.DateFormat
import android.text.format.Formatter
import androidx.annotation.PluralsRes
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.runtime.remember
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.platform.LocalConfiguration
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.LocalResources
import java.text.NumberFormat
import java.util.Date
import java.util.Locale
import org.fieldcast.app.R

/** Numbers, sizes and times in the user's language. For one thread. */
class Formats(private val context: Context) {
    private val locale: Locale = context.resources.configuration.locales[0]
    private val numbers = NumberFormat.getIntegerInstance(locale)
    private val percents by lazy { NumberFormat.getPercentInstance(locale) }
    private val lists by lazy { ListFormatter.getInstance(locale) }

    /** By skeleton, because the user can change between 12 and 24 hours at any time. */
    private val times = HashMap<String, SimpleDateFormat>()

    fun count(number: Long): String = numbers.format(number)

    fun count(number: ULong): String = count(number.toLong())

    /** A part of 1, as in "42%". */
    fun percent(part: Float): String = percents.format(part)

    /** Names as in "Asha, Moussa and Fatou". */
    fun list(names: List<String>): String = lists.format(names)

    /** As in "4.1 MB". */
    fun bytes(bytes: Long): String = Formatter.formatShortFileSize(context, bytes)

    fun bytes(bytes: ULong): String = bytes(bytes.toLong())

    /** As in "4.1 MB/s". */
    fun bytesPerSecond(rate: Double): String = context.getString(R.string.per_second, bytes(rate.toLong()))

    /** As in "3 minutes left". */
    fun timeLeft(seconds: Long): String = if (seconds < 60) {
        val shown = maxOf(1L, seconds).toInt()
        context.resources.getQuantityString(R.plurals.seconds_left, shown, shown)
    } else {
        val minutes = ((seconds + 59) / 60).toInt()
        context.resources.getQuantityString(R.plurals.minutes_left, minutes, minutes)
    }

    /**
     * A moment in milliseconds since 1970, as in "Tuesday 14:20"; with the date if it is more than six days from [now].
     */
    fun moment(millis: Long, now: Long): String {
        val day = if (now - millis in 0 until SIX_DAYS) "EEEE" else "dMMMMyyyy"
        val clock = if (DateFormat.is24HourFormat(context)) "Hm" else "hm"
        val date = Date(millis)
        return "${time(day).format(date)} ${time(clock).format(date)}"
    }

    private fun time(skeleton: String) = times.getOrPut(skeleton) {
        SimpleDateFormat(DateFormat.getBestDateTimePattern(locale, skeleton), locale)
    }.apply { timeZone = TimeZone.getDefault() } // it, too, can change

    private companion object {
        const val SIX_DAYS = 6 * 24 * 60 * 60 * 1000L
    }
}

private val LocalFormats = staticCompositionLocalOf<Formats> { error("no formats outside of FieldcastTheme") }

/** Makes the formats for everything in [content], anew for each configuration: making one for each row of a list is slow. */
@Composable
fun ProvideFormats(content: @Composable () -> Unit) {
    val context = LocalContext.current
    val formats = remember(context, LocalConfiguration.current) { Formats(context) }
    CompositionLocalProvider(LocalFormats provides formats, content = content)
}

@Composable
@ReadOnlyComposable
fun formats(): Formats = LocalFormats.current

/** A text with a number, as in "1 village" and "3 villages". */
@Composable
@ReadOnlyComposable
fun plural(@PluralsRes id: Int, number: ULong, vararg more: Any): String = plural(id, number.toLong(), *more)

/** A text with a number, as in "1 village" and "3 villages". The number is the first argument of the text. */
@Composable
@ReadOnlyComposable
fun plural(@PluralsRes id: Int, number: Long, vararg more: Any): String {
    val quantity = minOf(number, Int.MAX_VALUE.toLong()).toInt()
    return LocalResources.current.getQuantityString(id, quantity, formats().count(number), *more)
}
