package org.fieldcast.app.ui.trouble

import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Verified

/** The check of the data on this phone. */
sealed interface DataCheck {
    data object Off : DataCheck
    data class Running(val done: Int, val total: Int) : DataCheck

    /** Numbers of records. */
    data class Done(val records: ULong, val repaired: ULong, val dropped: ULong) : DataCheck {
        fun plus(found: Verified) = Done(records + found.records, repaired + found.repaired, dropped + found.dropped)
    }

    data class Failed(val error: FieldcastException) : DataCheck
}

/** The screen of checks. */
data class TroubleUiState(
    /** The ones that need the user, the worst first. */
    val problems: List<CheckRow>,
    val fine: List<CheckRow>,
    /** Whether some checks still run. */
    val isChecking: Boolean,
    val data: DataCheck,
    /** Why the engine does not open; none if it does. */
    val engineError: FieldcastException?,
)

/** [engine] is none while its checks run. */
fun uiState(
    phone: PhoneFacts,
    engine: List<Check>?,
    data: DataCheck,
    engineError: FieldcastException?,
): TroubleUiState {
    val (fine, problems) = checkRows(phone, engine.orEmpty()).partition { it.severity == Severity.OK }
    return TroubleUiState(problems.sortedByDescending { it.severity }, fine, engine == null, data, engineError)
}
