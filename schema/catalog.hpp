#pragma once
// Every mirrored collection, one entry each. DDL, projection, $select, permissions and the
// generated table reference follow from an entry; adding a collection is adding an entry. Facts:
// Microsoft Graph reference, resource "cloudPC" and its neighbours; which page each entry comes
// from stands beside it.

#include <span>
#include <string>
#include <string_view>

namespace cloudpcd::schema {

enum class ColumnType {
    text,         ///< String, Guid, enum
    text_nocase,  ///< user_principal_name, mail: TEXT COLLATE NOCASE
    boolean,
    integer,
    real,
    timestamp,  ///< DateTimeOffset
    date,
    json,  ///< a collection: TEXT holding a JSON array
};

/// Known members of an enum; any other value is stored all the same and noted as drift.
struct Enumeration {
    std::string_view name;  ///< Graph's type name, "cloudPcStatus"
    std::span<const std::string_view> members;
    bool flags = false;  ///< several members in one comma-joined string
};

struct Column {
    std::string_view
        property;  ///< Graph's spelling, dotted inside complex values: "statusDetail.code"
    ColumnType type = ColumnType::text;
    std::string_view description;              ///< one sentence, with unit and sentinel
    const Enumeration* enumeration = nullptr;  ///< for enum properties
    bool indexed = false;
};

/// Members of a parent's collection property, one row each, keyed (_parent, position). Its columns'
/// properties begin at the member.
struct ChildTable {
    std::string_view table;
    /// "assignments"; inside a complex value "healthCheckStatusDetail.healthChecks"; inside the
    /// members of another child table "resources.modifiedProperties": only outer_table() tells the
    /// two apart.
    std::string_view property;
    std::string_view description;
    std::span<const Column> columns;
};

enum class Group { cloudpc, intune, entra };
enum class Strategy {
    full,    ///< the whole list, compared
    window,  ///< what is new by a time
    delta,   ///< Graph's delta function: what has changed since a link of the last round
};
enum class ApiVersion { v1_0, beta };
enum class QuotaClass { cloud_pc_list, other };

/// How Graph answers the request of the entry.
enum class Shape {
    collection,  ///< {"value": [objects]}, paged
    singleton,   ///< one object
    strings,     ///< {"value": ["…"]}: the string is the object
};

/// What makes an id that is missing from a complete list a deletion.
enum class DeleteRule {
    get_by_id,    ///< small numbers: a GET by id says 404; large ones: the next complete list
    second_list,  ///< the next complete list lacks it too
    never,        ///< audit events stay
    told,         ///< delta: Graph says what is gone; after a reset, what a new first round lacks
};

/// A table whose rows come as a member of another collection's objects, in the delta rounds of that
/// one: `members@delta` of groups. Runs and freshness are the owner's. A row is made of the two ids
/// and the type of the linked object; its own id is both ids with `_` between.
struct Links {
    std::string_view owner = "";     ///< table; empty: the entry is no such table
    std::string_view property = "";  ///< of the owner: "members"
    std::string_view owner_id = "";  ///< properties of a row: "groupId", "memberId", "memberType"
    std::string_view linked_id = "";
    std::string_view linked_type = "";
};

struct Collection {
    std::string_view table;
    std::string_view path;  ///< below the version: "/deviceManagement/virtualEndpoint/cloudPCs"
    std::string_view entity_type;  ///< "cloudPC", without "microsoft.graph."
    std::string_view description;
    std::string_view
        documentation;  ///< page of the Graph reference: "virtualendpoint-list-cloudpcs"
    Group group = Group::cloudpc;
    Strategy strategy = Strategy::full;
    ApiVersion version = ApiVersion::beta;
    Shape shape = Shape::collection;
    QuotaClass quota = QuotaClass::other;
    DeleteRule deletes = DeleteRule::get_by_id;
    double max_delete_fraction = 0;  ///< 0: the configured one
    std::string_view id_property = "id";
    std::string_view watermark_property = "";  ///< of the window strategy
    /// Time of an object's last change. Between full lists only what it says is not older is asked
    /// for, where the service filters by it. Empty: every read is a full list.
    std::string_view changed_property = "";
    /// Audit events name its objects by id: what they name is read at once.
    bool named_by_audit_events = false;
    bool select = false;  ///< name every property in $select, because some come only then
    std::span<const std::string_view> expand = {};
    int page_size = 0;  ///< $top; 0: not documented for this list, not sent
    std::span<const std::string_view>
        permissions;  ///< application permissions, any one suffices, least first
    std::span<const std::string_view> write_only =
        {};  ///< members that are secrets: dropped before anything stores them
    std::span<const Column> columns;  ///< without `id`
    std::span<const ChildTable> children = {};
    Links links = {};
};

/// All entries, in the order of the table reference.
std::span<const Collection> catalog() noexcept;

/// Entry of a table, or null.
const Collection* find_collection(std::string_view table) noexcept;

/// The table of the links that come with the objects of `collection`, or null.
const Collection* links_of(const Collection& collection) noexcept;

/// The child table whose members hold the collection of `child`, or null. Such a table is keyed
/// (_parent, resource_position, position), and `position` counts within the outer member.
const ChildTable* outer_table(const Collection& collection, const ChildTable& child) noexcept;

/// Members whose change makes no new version: times of observation. Same for every table.
std::span<const std::string_view> volatile_properties() noexcept;

/// Column of a property by the rule of docs/sql.md: snake case, a run of capitals is one word, its
/// last capital begins the next word when a lower-case letter follows, a trailing plural `s`
/// belongs to the run, digits belong to the word before them; dots become underscores,
/// `@odata.type` becomes `odata_type`. "azureADDeviceId" -> "azure_ad_device_id".
std::string column_name(std::string_view property);

/// Name of a group in [sync] include and in the table reference.
std::string_view group_name(Group group) noexcept;

/// Declared type of a column: "TEXT", "TEXT COLLATE NOCASE", "BOOLEAN", "TIMESTAMP", ….
std::string_view declared_type(ColumnType type) noexcept;

}  // namespace cloudpcd::schema
