package org.fieldcast.app.state

import android.content.Context
import androidx.core.content.edit

/** Where the user logged in last, so that only the password has to be typed again. */
class LastLogin(context: Context) {
    private val preferences by lazy { context.getSharedPreferences("login", Context.MODE_PRIVATE) }

    /** A login without its password. */
    data class Data(val server: String, val tenant: String, val user: String)

    fun load(): Data? {
        val server = preferences.getString(SERVER, null) ?: return null
        return Data(server, preferences.getString(TENANT, "").orEmpty(), preferences.getString(USER, "").orEmpty())
    }

    fun store(data: Data) = preferences.edit {
        putString(SERVER, data.server)
        putString(TENANT, data.tenant)
        putString(USER, data.user)
    }

    private companion object {
        const val SERVER = "server"
        const val TENANT = "tenant"
        const val USER = "user"
    }
}
