package org.fieldcast.app.state

import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.SnapshotSummary

/** Identifies a dataset in a saved state and in a list. */
val Dataset.key: String get() = unambiguous(listOfNotNull(tenant, project, boundary))

/**
 * Joins texts so that other texts never have the same result. They can come from a phone that lies, and a list fails if
 * two of its rows have the same key.
 */
fun unambiguous(parts: List<String>): String =
    parts.joinToString("/") { it.replace("%", "%25").replace("/", "%2F") }

/** Name of the village, or of the project if the data belongs to all of it. */
val SnapshotSummary.name: String get() = boundaryName.ifEmpty { projectName }

/** The offered data of single villages. */
val Offer.villages: List<SnapshotSummary> get() = snapshots.filter { it.dataset.boundary != null }
