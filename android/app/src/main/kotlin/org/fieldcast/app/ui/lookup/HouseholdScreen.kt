package org.fieldcast.app.ui.lookup

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.parts.TitledCard
import org.fieldcast.app.ui.plural

/** A household, its people, and what was done for them. [now] is in milliseconds since 1970. */
@Composable
fun HouseholdScreen(page: HouseholdPage, now: Long, onBack: () -> Unit) {
    val household = page.household
    val head = household.people.firstNotNullOfOrNull { it.name }
    val title = if (head == null) {
        stringResource(R.string.lookup_household)
    } else {
        stringResource(R.string.lookup_household_of, head)
    }
    ScrollingScreen(title, onBack) {
        if (page.unsent > 0) Notice(NoticeKind.INFO, plural(R.plurals.lookup_unsent, page.unsent.toLong()))
        if (!household.isRecorded) Notice(NoticeKind.PROBLEM, stringResource(R.string.lookup_not_recorded))
        Facts(page, now)
        People(household, now)
        if (household.visits.isNotEmpty()) {
            TitledCard(stringResource(R.string.lookup_visits_title)) { Visits(household.visits, now) }
        }
    }
}

@Composable
private fun Facts(page: HouseholdPage, now: Long) = Column(verticalArrangement = Arrangement.spacedBy(4.dp)) {
    val household = page.household
    Text(stringResource(R.string.lookup_in_village, page.village))
    household.memberCount?.let { Text(plural(R.plurals.lookup_registered_members, it.toLong())) }
    household.changed?.let { Text(stringResource(R.string.lookup_changed, formats().moment(it, now))) }
    Text(plural(R.plurals.lookup_records, household.records.toLong()))
}

@Composable
private fun People(household: Household, now: Long) {
    val today = Instant.ofEpochMilli(now).atZone(ZoneId.systemDefault()).toLocalDate()
    Text(
        stringResource(R.string.lookup_people_title),
        Modifier.semantics { heading() },
        style = MaterialTheme.typography.titleLarge,
    )
    if (household.people.isEmpty()) Text(stringResource(R.string.lookup_no_people))
    for (person in household.people) {
        val name = person.name ?: stringResource(R.string.lookup_unnamed)
        TitledCard(name, icon = Icons.Person) { PersonFacts(person, today, now) }
    }
}

@Composable
private fun PersonFacts(person: Person, today: LocalDate, now: Long) {
    if (person.isHead) Text(stringResource(R.string.lookup_head), style = MaterialTheme.typography.titleSmall)
    person.description(today)?.let { Text(it) }
    Visits(person.visits, now)
}

@Composable
private fun Visits(visits: List<Visit>, now: Long) {
    for (visit in visits) {
        val at = visit.at
        val text = visit.text()
        Text(if (at == null) text else stringResource(R.string.lookup_visit_at, formats().moment(at, now), text))
    }
}
