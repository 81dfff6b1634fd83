package org.fieldcast.app.ui.lookup

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.res.stringResource
import java.time.LocalDate
import org.fieldcast.app.R
import org.fieldcast.app.ui.plural

/** As in "Woman, 34 years". None if nothing is recorded. */
@Composable
@ReadOnlyComposable
internal fun Person.description(today: LocalDate): String? {
    val sexText = sex?.let { stringResource(it.textId(isChild(today))) }
    val ageText = age(birth, today)?.text()
    return when {
        sexText == null -> ageText
        ageText == null -> sexText
        else -> stringResource(R.string.lookup_sex_and_age, sexText, ageText)
    }
}

private fun Person.isChild(today: LocalDate) = age(birth, today).let { it != null && it.years < ADULT }

@StringRes
private fun Sex.textId(isChild: Boolean): Int = when (this) {
    Sex.FEMALE -> if (isChild) R.string.lookup_girl else R.string.lookup_woman
    Sex.MALE -> if (isChild) R.string.lookup_boy else R.string.lookup_man
    Sex.OTHER -> R.string.lookup_other_sex
}

/** In months for small children, because the dose depends on them. */
@Composable
@ReadOnlyComposable
private fun Age.text(): String = if (years < SMALL) {
    plural(R.plurals.lookup_months, (years * 12 + months).toLong())
} else {
    plural(R.plurals.lookup_years, years.toLong())
}

/** What happened, in plain words. */
@Composable
@ReadOnlyComposable
internal fun Visit.text(): String = when (kind) {
    VisitKind.DELIVERY -> deliveryText()
    VisitKind.SIDE_EFFECT -> if (details.isEmpty()) {
        stringResource(R.string.lookup_side_effect)
    } else {
        stringResource(R.string.lookup_side_effect_of, details.joined())
    }
    VisitKind.REFERRAL -> if (details.isEmpty()) {
        stringResource(R.string.lookup_referral)
    } else {
        stringResource(R.string.lookup_referral_for, details.joined())
    }
}

@Composable
@ReadOnlyComposable
private fun Visit.deliveryText(): String {
    val code = status
    val known = code?.let(::statusText)
    return when {
        known == R.string.lookup_given && items > 0 -> plural(R.plurals.lookup_given_items, items.toLong())
        known != null -> stringResource(known)
        code == null -> stringResource(R.string.lookup_visit)
        else -> stringResource(R.string.lookup_visit_other, words(code))
    }
}

@Composable
@ReadOnlyComposable
private fun List<String>.joined(): String {
    val separator = stringResource(R.string.lookup_separator)
    return joinToString(separator)
}

/** The codes that DIGIT's campaigns use. */
@StringRes
private fun statusText(code: String): Int? = when (code) {
    "ADMINISTRATION_SUCCESS", "DELIVERED" -> R.string.lookup_given
    "ADMINISTRATION_FAILED" -> R.string.lookup_failed
    "NOT_ADMINISTERED", "NOT_DELIVERED" -> R.string.lookup_not_given
    "BENEFICIARY_REFUSED" -> R.string.lookup_refused
    "BENEFICIARY_ABSENT" -> R.string.lookup_absent
    "BENEFICIARY_REFERRED" -> R.string.lookup_referral
    "BENEFICIARY_INELIGIBLE", "INELIGIBLE" -> R.string.lookup_ineligible
    "BENEFICIARY_MIGRATED" -> R.string.lookup_migrated
    "BENEFICIARY_SICK" -> R.string.lookup_sick
    "BENEFICIARY_DEAD", "BENEFICIARY_DIED" -> R.string.lookup_died
    "CLOSED_HOUSEHOLD" -> R.string.lookup_closed
    "VISITED" -> R.string.lookup_visited
    else -> null
}

/** What a record is, in plain words. */
@Composable
@ReadOnlyComposable
internal fun entityText(entity: String): String = when (entity) {
    Entities.HOUSEHOLD -> stringResource(R.string.lookup_entity_household)
    Entities.MEMBER -> stringResource(R.string.lookup_entity_member)
    Entities.INDIVIDUAL -> stringResource(R.string.lookup_entity_person)
    Entities.BENEFICIARY -> stringResource(R.string.lookup_entity_registration)
    Entities.TASK -> stringResource(R.string.lookup_entity_visit)
    Entities.SIDE_EFFECT -> stringResource(R.string.lookup_entity_side_effect)
    Entities.REFERRAL -> stringResource(R.string.lookup_entity_referral)
    "" -> stringResource(R.string.lookup_entity_unknown)
    else -> words(entity).replaceFirstChar { it.titlecase() }
}

/** The name of a field. Fields that the app does not know are shown as the server names them. */
@Composable
@ReadOnlyComposable
internal fun fieldText(field: String): String =
    fieldTextId(field)?.let { stringResource(it) } ?: words(field).replaceFirstChar { it.titlecase() }

/** Codes such as `FEMALE` or `BENEFICIARY_ABSENT` in words; other values as they are. */
@Composable
@ReadOnlyComposable
internal fun valueText(value: String): String = when {
    !CODE.matches(value) -> value
    else -> codeTextId(value)?.let { stringResource(it) } ?: words(value).replaceFirstChar { it.titlecase() }
}

@StringRes
private fun codeTextId(code: String): Int? = when (code) {
    "FEMALE" -> R.string.lookup_female
    "MALE" -> R.string.lookup_male
    "OTHER" -> R.string.lookup_other_sex
    else -> statusText(code)
}

private val CODE = Regex("[A-Z]{2,}(_[A-Z]+)*")

@StringRes
private fun fieldTextId(field: String): Int? = when (field) {
    "givenName" -> R.string.lookup_field_given_name
    "familyName" -> R.string.lookup_field_family_name
    "otherNames" -> R.string.lookup_field_other_names
    "dateOfBirth" -> R.string.lookup_field_birth
    "gender" -> R.string.lookup_field_gender
    "mobileNumber" -> R.string.lookup_field_phone
    "memberCount" -> R.string.lookup_field_members
    "householdType" -> R.string.lookup_field_type
    "isHeadOfHousehold" -> R.string.lookup_field_head
    "status" -> R.string.lookup_field_status
    "quantity" -> R.string.lookup_field_quantity
    "isDelivered" -> R.string.lookup_field_given
    "deliveryComment" -> R.string.lookup_field_comment
    "landmark" -> R.string.lookup_field_landmark
    "latitude" -> R.string.lookup_field_latitude
    "longitude" -> R.string.lookup_field_longitude
    else -> null
}

private const val ADULT = 15
private const val SMALL = 5
