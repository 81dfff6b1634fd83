package org.fieldcast.app.ui.lookup

import java.time.LocalDate
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.EditStatus
import org.fieldcast.sdk.core.LocalEdit
import org.fieldcast.sdk.core.StoredRecord
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class LookUpTest {
    private val village = Dataset("mz", "project-1", "a")

    private fun record(entity: String, id: String, body: String, root: String = "h", modified: Long = 5) =
        StoredRecord(entity, id, root, 1L, modified, false, body)

    private val family = listOf(
        record("Household", "h", """{"memberCount":2}""", modified = 7),
        record("HouseholdMember", "m1", """{"individualClientReferenceId":"i1","isHeadOfHousehold":false}"""),
        record("HouseholdMember", "m2", """{"individualClientReferenceId":"i2","isHeadOfHousehold":true}"""),
        record(
            "Individual", "i1",
            """{"name":{"givenName":"João","familyName":"Nhantumbo","otherNames":null},"gender":"MALE","dateOfBirth":"14/09/2024"}""",
        ),
        record("Individual", "i2", """{"name":{"givenName":"Asha"},"gender":"FEMALE","dateOfBirth":"1992-03-01"}"""),
        record("ProjectBeneficiary", "b1", """{"beneficiaryClientReferenceId":"i1"}"""),
        record(
            "Task", "t1",
            """{"projectBeneficiaryClientReferenceId":"b1","status":"ADMINISTRATION_SUCCESS","actualStartDate":20,
                "resources":[{"quantity":1.0,"isDelivered":true},{"quantity":"2","isDelivered":false}]}""",
        ),
        record("SideEffect", "s1", """{"taskClientReferenceId":"t1","symptoms":["HIGH_FEVER"],"auditDetails":{"createdTime":30}}"""),
        record("Task", "t2", """{"projectBeneficiaryClientReferenceId":"gone","status":"CLOSED_HOUSEHOLD"}"""),
    )

    @Test
    fun `reads a family with its visits`() {
        val home = household(family)
        assertEquals(listOf("Asha", "João Nhantumbo"), home.people.map { it.name })
        assertEquals(listOf(true, false), home.people.map { it.isHead })
        assertEquals(LocalDate.of(2024, 9, 14), home.people[1].birth)
        val visits = listOf(
            Visit(VisitKind.SIDE_EFFECT, 30, details = listOf("high fever")),
            Visit(VisitKind.DELIVERY, 20, "ADMINISTRATION_SUCCESS", items = 1),
        )
        assertEquals(visits, home.people[1].visits)
        assertEquals("visits of unknown people are not lost", listOf("CLOSED_HOUSEHOLD"), home.visits.map { it.status })
        assertEquals(2, home.memberCount)
        assertEquals(7L, home.changed)
    }

    @Test
    fun `tolerates damaged and missing parts`() {
        val records = listOf(
            record("Individual", "i1", "{", modified = 0),
            record("Individual", "i2", """{"name":"Asha","gender":5,"dateOfBirth":"31/02/2020"}""", modified = 0),
            record("Task", "t", """{"resources":null,"status":null}""", modified = 0),
            record("Unknown", "u", "[]", modified = 0),
        )
        val home = household(records)
        assertFalse(home.isRecorded)
        assertEquals(listOf(null, null), home.people.map { it.name })
        assertNull(home.changed)
        assertEquals(1, home.visits.size)
        assertEquals(0, household(emptyList()).records)
    }

    @Test
    fun `reads dates in all forms`() {
        val birth = LocalDate.of(2020, 2, 3)
        for (text in listOf("03/02/2020", "3/2/2020", "2020-02-03", "2020-02-03T00:00:00Z", "1580688000000")) {
            assertEquals(text, birth, date(text))
        }
        assertNull(date("yesterday"))
        assertEquals(Age(4, 11), age(birth, LocalDate.of(2025, 1, 31)))
        assertNull("a birth in the future", age(birth, LocalDate.of(2019, 1, 1)))
    }

    @Test
    fun `finds people without accents, in any case and order`() {
        val index = HouseholdIndex(village, "Kibera A")
        index.add(family)
        index.add(listOf(record("Individual", "i9", """{"name":{"givenName":"Fatou","familyName":"Diallo"}}""", "other")))
        val all = index.entries().sortedWith(byName)
        assertEquals(listOf("Asha", "Fatou Diallo"), all.map { it.name })
        assertEquals(listOf(true, false), all.map { it.isRecorded })
        fun found(query: String) = find(all, query).map { it.root }
        assertEquals(listOf("h"), found("JOAO"))
        assertEquals(listOf("h"), found("nhan  joã"))
        assertEquals("one person has both words", emptyList<String>(), found("asha nhantumbo"))
        assertEquals(listOf("h", "other"), found(" "))
    }

    @Test
    fun `updates entries of later pages`() {
        val index = HouseholdIndex(village, "Kibera A")
        index.add(family.take(4))
        assertEquals(listOf("João Nhantumbo"), index.entries().single().people)
        index.add(family.drop(4))
        assertEquals(listOf("Asha", "João Nhantumbo"), index.entries().single().people)
    }

    @Test
    fun `finds in ten thousand households within a frame or two`() {
        val many = List(10_000) { HouseholdEntry(village, "", "$it", listOf("Asha Moussa $it", "João Diallo", "Fatou"), true) }
        find(many, "warm up")
        val start = System.nanoTime()
        assertEquals(1, find(many, "moussa 9999").size)
        assertTrue((System.nanoTime() - start) / 1_000_000 < 200)
    }

    @Test
    fun `compares an edit with the server field by field`() {
        val mine = """{"id":"x","rowVersion":1,"name":{"givenName":"Asha","familyName":"Mussa"},"memberCount":2.0,
            "additionalFields":{"schema":"s","fields":[{"key":"height","value":"160"}]}}"""
        val server = """{"id":"y","rowVersion":2,"name":{"givenName":"Asha","familyName":"Moussa"},"memberCount":2,
            "gender":"FEMALE","auditDetails":{"createdTime":1}}"""
        val status = EditStatus(LocalEdit(village, "Individual", "i", "h", false, mine, 9), true)
        val edit = ownEdit(status, record("Individual", "i", server))
        val expected = listOf(
            Difference("additionalFields.fields.height", "160", null),
            Difference("gender", null, "FEMALE"),
            Difference("name.familyName", "Mussa", "Moussa"),
        )
        assertEquals(expected, edit.differences.sortedBy { it.path })
        assertEquals(EditKind.CHANGED, edit.kind)
        assertEquals("Asha Mussa", edit.person)
        assertEquals(EditKind.ADDED, ownEdit(status, null).kind)
    }

    @Test
    fun `weighs the progress by the size of the villages`() {
        val choices = listOf(LookUpVillage(village, "a", 9), LookUpVillage(village.copy(boundary = "b"), "b", 89))
        assertEquals(0.1f, part(choices) { if (it.name == "a") 1f else 0f }, 0.001f)
        assertEquals(1f, part(choices) { 1f }, 0f)
        assertEquals(1f, part(emptyList()) { 0f }, 0f)
    }
}
