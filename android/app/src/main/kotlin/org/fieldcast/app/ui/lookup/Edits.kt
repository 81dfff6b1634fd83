package org.fieldcast.app.ui.lookup

import org.fieldcast.app.state.key
import org.fieldcast.app.state.unambiguous
import org.fieldcast.sdk.core.EditStatus
import org.fieldcast.sdk.core.StoredRecord
import org.json.JSONArray
import org.json.JSONObject

/** What an own edit does. */
enum class EditKind { ADDED, CHANGED, DELETED }

/** An own edit that was not sent, beside the server's version. */
data class OwnEdit(
    val status: EditStatus,
    val kind: EditKind,
    /** The person whom it is about; none if the record has no name. */
    val person: String?,
    /** Whether the server's version is deleted. */
    val isDeletedOnServer: Boolean,
    /** The fields that differ. */
    val differences: List<Difference>,
) {
    /** Identifies it in a list. */
    val key: String get() = with(status.edit) { unambiguous(listOf(dataset.key, entity, id)) }
}

/** A field with different values in the own edit and on the server; none where it has no value. */
data class Difference(
    /** Names of the enclosing objects and of the field, as in `name.givenName`. */
    val path: String,
    val mine: String?,
    val server: String?,
) {
    val field: String get() = path.substringAfterLast('.')
}

/** Compares an edit with the server's version; [server] is none if the server has no such record. */
fun ownEdit(status: EditStatus, server: StoredRecord?): OwnEdit {
    val mine = json(status.edit.body)
    val other = server?.json ?: JSONObject()
    val kind = when {
        status.edit.deleted -> EditKind.DELETED
        server == null -> EditKind.ADDED
        else -> EditKind.CHANGED
    }
    val person = individualName(mine) ?: individualName(other)
    return OwnEdit(status, kind, person, server?.deleted == true, differences(mine, other))
}

/** The fields that differ and mean something to a user. */
internal fun differences(mine: JSONObject, server: JSONObject): List<Difference> {
    val own = fields(mine)
    val other = fields(server)
    return (own.keys + other.keys).filter { own[it] != other[it] }.map { Difference(it, own[it], other[it]) }
}

/** All values of an object by their path. */
private fun fields(body: JSONObject): Map<String, String> =
    LinkedHashMap<String, String>().also { body.collect("", it) }

private fun JSONObject.collect(path: String, into: MutableMap<String, String>) {
    val key = text("key")
    if (key != null && has("value")) { // one of the additional fields
        value(opt("value"), "$path.$key", into)
        return
    }
    for (name in keys()) {
        if (isTechnical(name)) continue
        value(opt(name), if (path.isEmpty()) name else "$path.$name", into)
    }
}

private fun value(value: Any?, path: String, into: MutableMap<String, String>) {
    when (value) {
        null, JSONObject.NULL -> Unit
        is JSONObject -> value.collect(path, into)
        is JSONArray -> value.orEmpty().forEachIndexed { index, item ->
            val isNamed = item is JSONObject && item.has("key")
            value(item, if (isNamed) path else "$path ${index + 1}", into)
        }
        is Number -> into[path] = number(value)
        else -> value.toString().trim().takeIf { it.isNotEmpty() }?.let { into[path] = it }
    }
}

/** The server may write 1 as 1.0. */
private fun number(value: Number): String = value.toString().removeSuffix(".0")

private fun isTechnical(name: String) =
    name in TECHNICAL || name.endsWith("Id") || name.endsWith("ReferenceId") || name.endsWith("AuditDetails")

private val TECHNICAL = setOf(
    "id", "rowVersion", "auditDetails", "schema", "version", "hasErrors", "isDeleted", "nonRecoverableError", "source",
    "isSystemUser", "isSystemUserActive", "locationAccuracy",
)
