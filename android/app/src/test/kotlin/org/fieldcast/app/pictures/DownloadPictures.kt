package org.fieldcast.app.pictures

import java.time.Duration
import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.Rate
import org.fieldcast.app.state.Stored
import org.fieldcast.app.ui.download.DownloadActions
import org.fieldcast.app.ui.download.DownloadScreen
import org.fieldcast.app.ui.download.DownloadUiState
import org.fieldcast.app.ui.download.uiState
import org.fieldcast.app.ui.parts.NotificationActions
import org.fieldcast.sdk.BoundaryStatus
import org.fieldcast.sdk.core.BoundaryDone
import org.fieldcast.sdk.core.BoundaryProgress
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.DownsyncReport
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo

private val request = DownloadRequest(
    "p",
    listOf("a", "b", "c", "d"),
    names = mapOf("a" to "Kibera A", "b" to "Kibera B", "c" to "Mathare", "d" to "Aúbe 2"),
)

private fun progress(done: ULong, total: ULong?) =
    BoundaryProgress(done, total, done * 9_000u, done * 15u, Duration.ofSeconds(20))

private val villages = mapOf(
    "a" to BoundaryStatus.Done(progress(60u, 60u)),
    "b" to BoundaryStatus.Running(progress(25u, 80u)),
    "c" to BoundaryStatus.Running(progress(0u, null)),
)

private fun summary(code: String, households: ULong) = SnapshotSummary(
    Dataset("mz", "p", code), "Nampula 2026", request.nameOf(code), NOW, households * 15u, households, 1_000_000uL, "d",
)

private val done = DownsyncReport(
    request.villages.mapIndexed { index, code ->
        val households = 60uL + index.toULong() * 7u
        BoundaryDone(summary(code, households), progress(households, households))
    },
    emptyList(),
)

private val stored = Stored(
    null,
    listOf(DatasetStatus(summary("e", 60u), null, emptyList(), false)),
    StorageInfo(3_100_000_000uL, 2_000_000uL),
    emptyList(),
    emptyList(),
    null,
)

private val manyNames = List(10_000) { "v$it" to "Kibera ${it + 1}" }.toMap()
private val many = DownloadRequest("p", manyNames.keys.toList(), names = manyNames)

private val noActions = DownloadActions({}, {}, {}, {}, {}, {}, {}, NotificationActions({}, {}))

private fun picture(name: String, state: DownloadState) =
    Picture("download-$name") { DownloadScreen(uiState(state, stored), NOW, noActions) }

private val asking =
    (uiState(DownloadState.Running(request, villages), stored) as DownloadUiState.Going).copy(asksForNotification = true)

/** The states of a download. */
val downloadPictures: List<Picture> = listOf(
    Picture("download-unknown") { DownloadScreen(null, NOW, noActions) },
    picture("off", DownloadState.Off),
    picture("starting", DownloadState.Running(request)),
    picture("running", DownloadState.Running(request, villages, Rate(8.5, 95))),
    picture("many", DownloadState.Running(many, mapOf("v0" to villages.getValue("b")), Rate(9.0, 7200))),
    Picture("download-notification") { DownloadScreen(asking, NOW, noActions) },
    picture("waiting", DownloadState.WaitingForInternet(request, villages)),
    picture("metered", DownloadState.MeteredOnly(request)),
    picture("done", DownloadState.Done(done)),
    picture(
        "failed",
        DownloadState.Failed(
            request,
            FieldcastException.NotPrepared(""),
            villages + ("d" to BoundaryStatus.Failed(FieldcastException.NotPrepared(""))),
        ),
    ),
    picture("login-needed", DownloadState.Failed(request, FieldcastException.LoginNeeded(""), villages)),
)
