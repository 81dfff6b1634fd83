package org.fieldcast.app.ui.lookup

import java.time.LocalDate
import java.time.Period
import org.fieldcast.sdk.core.StoredRecord
import org.json.JSONObject

/** The sex of a person, as it is recorded. */
enum class Sex { FEMALE, MALE, OTHER }

/** The age of a person. */
data class Age(val years: Int, val months: Int)

/** What happened at a visit. */
enum class VisitKind { DELIVERY, SIDE_EFFECT, REFERRAL }

/** Something that was done for a household or a person. */
data class Visit(
    val kind: VisitKind,
    /** Milliseconds since 1970; none if it is not recorded. */
    val at: Long?,
    /** The code of the result, as in `ADMINISTRATION_SUCCESS`; none if it is not recorded. */
    val status: String? = null,
    /** How many items were given. */
    val items: Int = 0,
    /** Symptoms, or reasons of a referral, in words. */
    val details: List<String> = emptyList(),
)

/** A person of a household. */
data class Person(
    val id: String,
    val name: String?,
    val sex: Sex?,
    val birth: LocalDate?,
    val isHead: Boolean,
    val visits: List<Visit>,
)

/** A household with everything that is shown about it. */
data class Household(
    /** Whether the household itself is recorded, and not only people who refer to it. */
    val isRecorded: Boolean,
    /** How many people the household has, as registered; none if it is not recorded. */
    val memberCount: Int?,
    /** When one of its records changed on the server, in milliseconds since 1970; none if that is not recorded. */
    val changed: Long?,
    /** The head first. */
    val people: List<Person>,
    /** What was done for the household as a whole, or for someone who is not recorded. */
    val visits: List<Visit>,
    /** Number of its records on this phone. */
    val records: Int,
)

/** Reads a household from its records. Missing and damaged parts are left out. */
fun household(records: List<StoredRecord>): Household {
    val present = records.filterNot { it.deleted }
    val bodies = present.groupBy({ it.entity }, { it.id to it.json })
    fun of(entity: String): List<Pair<String, JSONObject>> = bodies[entity].orEmpty()

    val heads = of(Entities.MEMBER).filter { (_, member) -> member.optBoolean("isHeadOfHousehold") }
        .mapNotNull { (_, member) -> member.text("individualClientReferenceId") }
    val beneficiaries = of(Entities.BENEFICIARY)
        .associate { (id, beneficiary) -> id to beneficiary.text("beneficiaryClientReferenceId") }
    val tasks = of(Entities.TASK).toMap()
    val visits = present.mapNotNull { record ->
        val body = record.json
        val visit = visit(record.entity, body) ?: return@mapNotNull null
        // Old side effects refer to the task only.
        val owner = body.text(BENEFICIARY) ?: tasks[body.text("taskClientReferenceId")]?.text(BENEFICIARY)
        beneficiaries[owner] to visit
    }.groupBy({ it.first }, { it.second }).mapValues { (_, all) -> all.sortedByDescending { it.at ?: 0 } }

    val people = of(Entities.INDIVIDUAL).map { (id, body) -> person(id, body, id in heads, visits[id].orEmpty()) }
    val known = people.map { it.id }.toSet()
    val home = of(Entities.HOUSEHOLD).firstOrNull()?.second
    return Household(
        isRecorded = home != null,
        memberCount = home?.number("memberCount")?.toInt(),
        changed = present.maxOfOrNull { it.modified }?.takeIf { it > 0 },
        people = people.sortedWith(compareBy<Person> { !it.isHead }.thenBy(nullsLast()) { it.birth }.thenBy { it.id }),
        visits = visits.filterKeys { it !in known }.values.flatten(),
        records = present.size,
    )
}

/** The age on a day; none if the birth is not recorded, or later. */
fun age(birth: LocalDate?, on: LocalDate): Age? {
    if (birth == null || birth > on) return null
    val period = Period.between(birth, on)
    return Age(period.years, period.months)
}

private fun person(id: String, body: JSONObject, isHead: Boolean, visits: List<Visit>) =
    Person(id, individualName(body), sex(body.text("gender")), date(body.text("dateOfBirth")), isHead, visits)

private fun sex(code: String?): Sex? = when (code?.uppercase()) {
    null -> null
    "FEMALE" -> Sex.FEMALE
    "MALE" -> Sex.MALE
    else -> Sex.OTHER
}

private fun visit(entity: String, body: JSONObject): Visit? = when (entity) {
    Entities.TASK -> {
        val given = body.objects("resources").filter { it.optBoolean("isDelivered") }
        val items = given.sumOf { it.number("quantity") ?: 0.0 }.toInt()
        Visit(VisitKind.DELIVERY, body.made("actualStartDate", "createdDate"), body.text("status"), items)
    }
    Entities.SIDE_EFFECT ->
        Visit(VisitKind.SIDE_EFFECT, body.made(), details = body.texts("symptoms").map(::words))
    Entities.REFERRAL -> Visit(VisitKind.REFERRAL, body.made(), details = body.texts("reasons").map(::words))
    else -> null
}

/** When it was done: by the field worker's phone if possible, because the upload can be days later. */
private fun JSONObject.made(vararg keys: String): Long? = keys.firstNotNullOfOrNull(::time)
    ?: optJSONObject("clientAuditDetails")?.time("createdTime")
    ?: optJSONObject("auditDetails")?.time("createdTime")

private const val BENEFICIARY = "projectBeneficiaryClientReferenceId"
