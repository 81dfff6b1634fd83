package org.fieldcast.app.ui.lookup

import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.LostEdit

/** A village to choose. */
data class LookUpVillage(val dataset: Dataset, val name: String, val households: Long)

/** How many own edits need the user. */
data class OwnEditCounts(val conflicts: Int = 0, val lost: Int = 0)

/** The list of households. */
data class LookUpUiState(
    /** By name. */
    val villages: List<LookUpVillage>,
    /** The chosen village; none for all. */
    val chosen: LookUpVillage?,
    val query: String,
    /** The households that match. */
    val found: List<HouseholdEntry>,
    /** Households and people that were read so far, whether or not they match. */
    val households: Int,
    val people: Int,
    /** How much of the villages was read, between 0 and 1. */
    val part: Float,
    val problems: OwnEditCounts,
    val lost: List<LostEdit>,
) {
    val isReading: Boolean get() = part < 1
}

/** An open household. */
data class HouseholdPage(
    /** Name of the village. */
    val village: String,
    val household: Household,
    /** Number of own edits of this household that were not sent. */
    val unsent: Int,
)

/** Derives what the list shows. [households] are the ones read so far, of the [chosen] village or of all. */
fun uiState(
    villages: List<LookUpVillage>,
    chosen: LookUpVillage?,
    query: String,
    households: List<HouseholdEntry>,
    part: Float,
    problems: OwnEditCounts,
    lost: List<LostEdit>,
) = LookUpUiState(
    villages,
    chosen,
    query,
    found = find(households, query),
    households = households.count { it.isRecorded },
    people = households.sumOf { it.people.size },
    part,
    problems,
    lost,
)

/** How much of all [villages] was read, from the [part] of each. Large villages count more. */
fun part(villages: List<LookUpVillage>, part: (LookUpVillage) -> Float): Float {
    if (villages.all { part(it) == 1f }) return 1f
    val total = villages.sumOf { it.households + 1 }
    return (villages.sumOf { (it.households + 1) * part(it).toDouble() } / total).toFloat()
}
