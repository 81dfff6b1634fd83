package org.fieldcast.app.ui.lookup

import org.fieldcast.app.ui.folded
import org.fieldcast.app.ui.searchWords
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.StoredRecord

/** A household in the list. */
class HouseholdEntry(
    val dataset: Dataset,
    /** Name of its village. */
    val village: String,
    /** The `clientReferenceId` of the household. */
    val root: String,
    /** Names of its people, the head first. Empty texts for people without a name. */
    val people: List<String>,
    /** Whether the household itself is recorded, and not only people who refer to it. */
    val isRecorded: Boolean,
) {
    /** Name of the head, or of the first person with a name; none if nobody has one. */
    val name: String? = people.firstOrNull { it.isNotEmpty() }

    /** Names for the search. */
    internal val folded: String = people.joinToString("\n") { it.folded() }
}

/** Collects the people of one village, from pages of its records in any order. */
class HouseholdIndex(private val dataset: Dataset, private val village: String) {
    private class Home {
        var isRecorded = false
        var head: String? = null
        val people = LinkedHashMap<String, String>()

        /** Made once per change, because the names must be folded for the search. */
        var entry: HouseholdEntry? = null
    }

    private val homes = LinkedHashMap<String, Home>()

    fun add(records: List<StoredRecord>) {
        for (record in records) {
            if (record.deleted) continue
            when (record.entity) {
                Entities.HOUSEHOLD -> home(record).isRecorded = true
                Entities.MEMBER -> addMember(record)
                Entities.INDIVIDUAL -> home(record).people[record.id] = individualName(record.json).orEmpty()
            }
        }
    }

    /** The households that were added so far, in no order. */
    fun entries(): List<HouseholdEntry> = homes.map { (root, home) ->
        home.entry ?: entry(root, home).also { home.entry = it }
    }

    private fun entry(root: String, home: Home): HouseholdEntry {
        val head = home.head?.let(home.people::get)
        val others = home.people.filterKeys { it != home.head }.values
        return HouseholdEntry(dataset, village, root, listOfNotNull(head) + others, home.isRecorded)
    }

    private fun addMember(record: StoredRecord) {
        val body = record.json
        val individual = body.text("individualClientReferenceId") ?: return
        if (body.optBoolean("isHeadOfHousehold")) home(record).head = individual
    }

    private fun home(record: StoredRecord) = homes.getOrPut(record.root, ::Home).also { it.entry = null }

    companion object {
        /** The types of records that the index needs, in the order that shows names as early as possible. */
        val ENTITIES = listOf(Entities.HOUSEHOLD, Entities.MEMBER, Entities.INDIVIDUAL)
    }
}

/** The households in which one person has all words of [query] in the name; sorted by the head's name. */
fun find(entries: List<HouseholdEntry>, query: String): List<HouseholdEntry> {
    val words = query.searchWords()
    if (words.isEmpty()) return entries
    return entries.filter { entry ->
        // Most households have none of the words, so that few are looked at person by person.
        words.all { it in entry.folded } && entry.folded.lineSequence().any { person -> words.all { it in person } }
    }
}

/** By name, the ones without a name last. */
internal val byName: Comparator<HouseholdEntry> =
    compareBy<HouseholdEntry> { it.name == null }.thenBy { it.folded }.thenBy { it.root }
