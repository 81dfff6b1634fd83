package org.fieldcast.app.ui.setup

import java.net.URI
import java.net.URISyntaxException
import java.net.URLDecoder

/** What the QR code of a campaign office says. */
data class Profile(
    /** The address, with `https://` or `http://`. */
    val server: String,
    val tenant: String,
    /** The campaign's public key, 64 hexadecimal digits; this phone trusts it after the login. */
    val campaignKey: String? = null,
    val campaignName: String? = null,
)

/** A checked server address. */
sealed interface ServerAddress {
    /** [url] starts with `https://` or `http://` and ends without a slash. */
    data class Good(val url: String) : ServerAddress

    data object Empty : ServerAddress

    data object NotAnAddress : ServerAddress

    /** It starts with `http://`: others in the network could read the password and the data. */
    data object NotSecure : ServerAddress
}

private const val PROFILE = "fieldcast://profile?"

/** The key of a campaign. */
internal val PUBLIC_KEY = Regex("[0-9a-fA-F]{64}")

/**
 * Reads the text of an office's QR code, which docs/PROTOCOL.md defines; none if it is something else, or its server is
 * not acceptable.
 */
fun parseProfile(text: String, isHttpAllowed: Boolean): Profile? {
    val trimmed = text.trim()
    if (!trimmed.startsWith(PROFILE, ignoreCase = true)) return null
    val fields = trimmed.drop(PROFILE.length).split('&').associate { field ->
        val value = decoded(field.substringAfter('=', "")) ?: return null
        field.substringBefore('=') to value.trim()
    }
    val server = checkServer(fields["server"].orEmpty(), isHttpAllowed) as? ServerAddress.Good ?: return null
    val tenant = fields["tenant"].orEmpty().ifEmpty { return null }
    val campaign = fields["campaign"]?.ifEmpty { null }
    if (campaign?.matches(PUBLIC_KEY) == false) return null
    return Profile(server.url, tenant, campaign, fields["name"]?.ifEmpty { null })
}

/** Checks what the user typed as a server. Without a scheme, it gets `https://`. */
fun checkServer(text: String, isHttpAllowed: Boolean): ServerAddress {
    val typed = text.trim()
    if (typed.isEmpty()) return ServerAddress.Empty
    val uri = try {
        URI(if ("://" in typed) typed else "https://$typed")
    } catch (_: URISyntaxException) {
        return ServerAddress.NotAnAddress
    }
    val scheme = uri.scheme.lowercase()
    return when {
        uri.host.isNullOrEmpty() || uri.userInfo != null || uri.query != null || uri.fragment != null ->
            ServerAddress.NotAnAddress
        scheme == "https" || (scheme == "http" && isHttpAllowed) ->
            ServerAddress.Good("$scheme://${uri.rawAuthority}${uri.rawPath.orEmpty().trimEnd('/')}")
        scheme == "http" -> ServerAddress.NotSecure
        else -> ServerAddress.NotAnAddress
    }
}

private fun decoded(text: String): String? = try {
    URLDecoder.decode(text, "UTF-8")
} catch (_: IllegalArgumentException) {
    null
}
