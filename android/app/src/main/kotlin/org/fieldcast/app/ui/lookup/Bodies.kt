package org.fieldcast.app.ui.lookup

import java.time.DateTimeException
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import org.fieldcast.sdk.core.StoredRecord
import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject

/** The types of records that the screens show. */
internal object Entities {
    const val HOUSEHOLD = "Household"
    const val MEMBER = "HouseholdMember"
    const val INDIVIDUAL = "Individual"
    const val BENEFICIARY = "ProjectBeneficiary"
    const val TASK = "Task"
    const val SIDE_EFFECT = "SideEffect"
    const val REFERRAL = "Referral"
}

/** The body of a record; empty if it cannot be read, because one damaged record must not hide the others. */
internal fun json(body: String): JSONObject = try {
    JSONObject(body)
} catch (_: JSONException) {
    JSONObject()
}

internal val StoredRecord.json: JSONObject get() = json(body)

/** A text or number that is there and not empty. */
internal fun JSONObject.text(key: String): String? = when (val value = opt(key)) {
    is String -> value.trim().ifEmpty { null }
    is Number -> value.toString()
    else -> null
}

/** A number that is there, also if it is written as a text. */
internal fun JSONObject.number(key: String): Double? = when (val value = opt(key)) {
    is Number -> value.toDouble()
    is String -> value.trim().toDoubleOrNull()
    else -> null
}

/** A time in milliseconds since 1970. */
internal fun JSONObject.time(key: String): Long? = number(key)?.toLong()?.takeIf { it > 0 }

internal fun JSONObject.texts(key: String): List<String> = optJSONArray(key).orEmpty().mapNotNull { it as? String }

internal fun JSONObject.objects(key: String): List<JSONObject> =
    optJSONArray(key).orEmpty().mapNotNull { it as? JSONObject }

internal fun JSONArray?.orEmpty(): List<Any?> = if (this == null) emptyList() else List(length()) { opt(it) }

/** The name of an individual, as in "Asha Moussa"; none if it is not recorded. */
internal fun individualName(individual: JSONObject): String? {
    val name = individual.optJSONObject("name") ?: return null
    val parts = listOf("givenName", "otherNames", "familyName").mapNotNull(name::text)
    return parts.joinToString(" ").ifEmpty { null }
}

/** A date as DIGIT writes it, `31/12/2019`, as ISO writes it, or in milliseconds since 1970. */
internal fun date(text: String?): LocalDate? {
    if (text == null) return null
    try {
        text.toLongOrNull()?.let { return Instant.ofEpochMilli(it).atZone(ZoneOffset.UTC).toLocalDate() }
        return if ('/' in text) LocalDate.parse(text, DIGIT_DATE) else LocalDate.parse(text.take(ISO_LENGTH))
    } catch (_: DateTimeException) {
        return null
    }
}

private val DIGIT_DATE: DateTimeFormatter = DateTimeFormatter.ofPattern("d/M/uuuu")
private const val ISO_LENGTH = 10

/** A code such as `BENEFICIARY_ABSENT` or `dateOfBirth` in words: "beneficiary absent", "date of birth". */
internal fun words(code: String): String =
    code.replace(HUMP, "$1 $2").replace(SEPARATOR, " ").trim().lowercase()

private val HUMP = Regex("([a-z0-9])([A-Z])")
private val SEPARATOR = Regex("[_\\-.\\s]+")
