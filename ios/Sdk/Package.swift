// swift-tools-version: 5.9
// 5.9 selects Swift 5 mode, which the generated sources need: Swift 6.0's compiler crashes on them in Swift 6 mode.
import PackageDescription

#if os(Linux)
// For the tests: `cargo xtask journey swift` sets the folder of the library.
let library = Context.environment["FIELDCAST_LIBRARY"] ?? "."
let core: Target = .systemLibrary(name: "FieldcastFFI")
let link: [LinkerSetting] = [
    .linkedLibrary("fieldcast_ffi"),
    .unsafeFlags(["-L", library, "-Xlinker", "-rpath", "-Xlinker", library]),
]
// Stubs replace Apple's frameworks on Linux, so that the code that calls them is compiled and tested.
let apple = ["dnssd", "Security", "Network", "NetworkExtension"]
let stubs = apple.map { Target.target(name: $0, path: "Tests/AppleStubs/\($0)") }
#else
// ios/Sdk/build-xcframework creates it.
let core: Target = .binaryTarget(name: "FieldcastFFI", path: "FieldcastFFI.xcframework")
let link: [LinkerSetting] = [
    .linkedFramework("Network"), .linkedFramework("Security"), .linkedFramework("SystemConfiguration"),
    .linkedFramework("NetworkExtension", .when(platforms: [.iOS])),
]
let stubs: [Target] = []
#endif
let played = stubs.map { Target.Dependency.target(name: $0.name) }

let package = Package(
    name: "FieldcastSdk",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "FieldcastSdk", targets: ["FieldcastSdk"])],
    targets: stubs + [
        core,
        .target(name: "FieldcastSdk", dependencies: ["FieldcastFFI"] + played, linkerSettings: link),
        .testTarget(name: "FieldcastSdkTests", dependencies: ["FieldcastSdk"] + played),
    ]
)
