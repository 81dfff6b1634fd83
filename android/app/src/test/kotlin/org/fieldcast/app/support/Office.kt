package org.fieldcast.app.support

import java.io.File
import org.fieldcast.app.support.Command.Companion.field

/** The office of a campaign, which blocks phones. */
class Office {
    private val folder = newFolder()
    private val keyFile = File(folder, "campaign.key").path

    /** The public key, which phones trust. */
    val key: String = Command.results(folder, "authority", "grant", "new-authority", keyFile).single().field("campaign")

    /** The permission for a phone to send and receive. */
    fun grants(fingerprint: String): String = Command.results(
        folder, "issued", "grant", "issue", "--authority", keyFile, "--device", fingerprint, "--user", "Fatou", "--tenant", "mz",
    ).single().field("text")

    /** The list of blocked phones, with this one. */
    fun revokes(fingerprint: String): String =
        Command.results(folder, "issued", "grant", "revoke", "--authority", keyFile, "--first", fingerprint)
            .single().field("text")
}
