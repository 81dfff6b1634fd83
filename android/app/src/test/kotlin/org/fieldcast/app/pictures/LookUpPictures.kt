package org.fieldcast.app.pictures

import java.time.LocalDate
import org.fieldcast.app.ui.lookup.EditActions
import org.fieldcast.app.ui.lookup.EditScreen
import org.fieldcast.app.ui.lookup.EditsActions
import org.fieldcast.app.ui.lookup.EditsScreen
import org.fieldcast.app.ui.lookup.Household
import org.fieldcast.app.ui.lookup.HouseholdEntry
import org.fieldcast.app.ui.lookup.HouseholdPage
import org.fieldcast.app.ui.lookup.HouseholdScreen
import org.fieldcast.app.ui.lookup.LookUpActions
import org.fieldcast.app.ui.lookup.LookUpScreen
import org.fieldcast.app.ui.lookup.OwnEditCounts
import org.fieldcast.app.ui.lookup.Person
import org.fieldcast.app.ui.lookup.Sex
import org.fieldcast.app.ui.lookup.LookUpVillage
import org.fieldcast.app.ui.lookup.VillagePickerScreen
import org.fieldcast.app.ui.lookup.Visit
import org.fieldcast.app.ui.lookup.VisitKind
import org.fieldcast.app.ui.lookup.ownEdit
import org.fieldcast.app.ui.lookup.uiState
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.EditStatus
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.LocalEdit
import org.fieldcast.sdk.core.LostEdit
import org.fieldcast.sdk.core.StoredRecord

private const val TODAY = 1_795_702_800_000L

private val choices = listOf("Kibera A" to 164L, "Kibera B" to 131L, "Kibera C" to 117L).map { (name, households) ->
    LookUpVillage(Dataset("mz", "project-1", name), name, households)
}

private val families = listOf(
    listOf("Asha Moussa", "Moussa Ibrahim", "Fatou Moussa", ""),
    listOf("Fatou Diallo", "Amadou Diallo"),
    listOf("Joaquim Nhantumbo"),
    listOf(""),
).mapIndexed { index, people -> HouseholdEntry(choices[index % 3].dataset, choices[index % 3].name, "root-$index", people, true) }

private val listActions = LookUpActions({}, {}, {}, {}, {})

private fun list(
    query: String = "",
    households: List<HouseholdEntry> = families,
    part: Float = 1f,
    problems: OwnEditCounts = OwnEditCounts(),
) = uiState(choices, null, query, households, part, problems, emptyList())

private val home = Household(
    isRecorded = true,
    memberCount = 3,
    changed = TODAY - DAY,
    people = listOf(
        Person("1", "Asha Moussa", Sex.FEMALE, LocalDate.of(1992, 3, 1), true, emptyList()),
        Person(
            "2",
            "Moussa Ibrahim",
            Sex.MALE,
            LocalDate.of(2024, 9, 14),
            false,
            listOf(
                Visit(VisitKind.SIDE_EFFECT, TODAY - DAY, details = listOf("fever", "vomiting")),
                Visit(VisitKind.DELIVERY, TODAY - 2 * DAY, "ADMINISTRATION_SUCCESS", items = 1),
                Visit(VisitKind.REFERRAL, TODAY - 30 * DAY, details = listOf("fever")),
            ),
        ),
        Person("3", null, null, null, false, listOf(Visit(VisitKind.DELIVERY, null, "BENEFICIARY_REFUSED"))),
    ),
    visits = listOf(Visit(VisitKind.DELIVERY, TODAY - 2 * DAY, "CLOSED_HOUSEHOLD")),
    records = 14,
)

private fun edit(id: String, entity: String, body: String, isMoved: Boolean) =
    EditStatus(LocalEdit(choices[0].dataset, entity, id, "root-0", false, body, TODAY - DAY / 12), isMoved)

private val conflict = ownEdit(
    edit("1", "Individual", """{"name":{"givenName":"Asha","familyName":"Mussa"},"mobileNumber":"821112223"}""", true),
    StoredRecord(
        "Individual", "1", "root-0", 2L, TODAY - DAY, false,
        """{"name":{"givenName":"Asha","familyName":"Moussa"},"gender":"FEMALE","mobileNumber":"829998887"}""",
    ),
)

private val added = ownEdit(edit("2", "Task", """{"status":"DELIVERED"}""", false), null)
private val lost = listOf(LostEdit("Individual", "9"), LostEdit("", ""))
private val editsActions = EditsActions({}, {}, {})

val lookUpPictures: List<Picture> = listOf(
    Picture("lookup-loading") { LookUpScreen(null, null, 0, listActions) },
    Picture("lookup") { LookUpScreen(list(), null, 0, listActions) },
    Picture("lookup-reading") { LookUpScreen(list(households = families.take(2), part = 0.4f), null, 0, listActions) },
    Picture("lookup-found") { LookUpScreen(list("fatou"), null, 2, listActions) },
    Picture("lookup-nothing-found") { LookUpScreen(list("zzz"), null, 0, listActions) },
    Picture("lookup-problems") {
        LookUpScreen(list(problems = OwnEditCounts(2, 1)), FieldcastException.StorageFailed(""), 3, listActions)
    },
    Picture("lookup-many") {
        val many = List(10_000) { HouseholdEntry(choices[0].dataset, choices[0].name, "m$it", listOf("Asha Moussa $it"), true) }
        LookUpScreen(list(households = many), null, 0, listActions)
    },
    Picture("lookup-empty") {
        LookUpScreen(uiState(emptyList(), null, "", emptyList(), 1f, OwnEditCounts(), emptyList()), null, 0, listActions)
    },
    Picture("lookup-villages") { VillagePickerScreen(choices, choices[1].dataset, {}, {}) },
    Picture("lookup-household") { HouseholdScreen(HouseholdPage("Kibera A", home, 1), TODAY, {}) },
    Picture("lookup-household-incomplete") {
        val part = home.copy(isRecorded = false, memberCount = null, changed = null, people = emptyList(), records = 1)
        HouseholdScreen(HouseholdPage("Kibera A", part, 0), TODAY, {})
    },
    Picture("lookup-edits") { EditsScreen(listOf(conflict, added), lost, null, TODAY, editsActions) },
    Picture("lookup-edits-empty") { EditsScreen(emptyList(), emptyList(), null, TODAY, editsActions) },
    Picture("lookup-conflict") { EditScreen(conflict, TODAY, EditActions({}, {})) },
    Picture("lookup-edit") { EditScreen(added, TODAY, EditActions({}, {})) },
)
