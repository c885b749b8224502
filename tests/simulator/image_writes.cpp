#include "tests/simulator/image_writes.hpp"

#include <algorithm>

namespace graphsim {

namespace {

namespace json = boost::json;

constexpr Span upload_time{std::chrono::minutes{20}, std::chrono::minutes{60}};

/// `/subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.Compute/images/{name}`
/// (cloudPcDeviceImage, `sourceImageResourceId`).
bool is_image_resource(std::string_view id)
{
    std::vector<std::string> segments = parse_target(id).segments;
    return segments.size() == 8 && equal_without_case(segments[0], "subscriptions") &&
           equal_without_case(segments[2], "resourceGroups") &&
           equal_without_case(segments[4], "providers") &&
           equal_without_case(segments[5], "Microsoft.Compute") &&
           equal_without_case(segments[6], "images") &&
           std::ranges::none_of(segments, &std::string::empty);
}

}  // namespace

WriteResult ImageWrites::create(const WriteCall& call)
{
    if (!is_image_resource(text_of(call.body, "sourceImageResourceId")))
        return invalid("The format of 'sourceImageResourceId' is invalid.");
    auto object = call.body;
    object.erase("@odata.type");
    for (const auto* unknown : {"errorCode", "expirationDate", "operatingSystem", "osBuildNumber",
                                "osStatus", "osVersionNumber", "sizeInGB", "statusDetails"})
        object[unknown] = nullptr;
    object["scopeIds"] = json::array{"0"};
    object["status"] = "pending";
    object["lastModifiedDateTime"] = stamp(call.now);
    const auto name = text_of(object, "displayName");
    const auto id = x_context->add("deviceImages", std::move(object), call.now);
    upload(id, call.now);
    return Written{.ids = {id}, .shown = id, .name = name};
}

WriteResult ImageWrites::remove(const WriteCall& call)
{
    const auto image = x_context->find("deviceImages", call.id, call.now);
    if (!image)
        return not_found(call.id);
    x_context->remove("deviceImages", call.id);
    return Written{.ids = {call.id}, .name = text_of(*image, "displayName")};
}

WriteResult ImageWrites::retry_upload(const WriteCall& call)
{
    const auto image = x_context->find("deviceImages", call.id, call.now);
    if (!image)
        return not_found(call.id);
    if (text_of(*image, "status") != "failed")
        return invalid("Only the upload of an image that has failed can be retried.");
    x_context->patch("deviceImages", call.id,
                     {{"status", "pending"},
                      {"errorCode", nullptr},
                      {"statusDetails", nullptr},
                      {"lastModifiedDateTime", stamp(call.now)}});
    upload(call.id, call.now);
    return Written{.ids = {call.id}, .name = text_of(*image, "displayName")};
}

void ImageWrites::upload(const std::string& id, TimePoint now)
{
    const auto outcome = x_context->outcome(id);
    const auto duration = x_context->duration("deviceImages/create", upload_time);
    const auto number = ++x_uploads[id];
    if (outcome == Outcome::never_starts)
        return;
    x_context->timeline.at(now + duration, [this, id, number, outcome](TimePoint due) {
        if (x_uploads[id] != number)
            return;
        x_context->patch("deviceImages", id, {{"lastModifiedDateTime", stamp(due)}});
        finish(id, outcome);
    });
}

void ImageWrites::finish(const std::string& id, Outcome outcome)
{
    const auto* object = x_context->set("deviceImages").find(id);
    if (object == nullptr)
        return;
    const auto source = text_of(json::parse(*object->text).as_object(), "sourceImageResourceId");
    const bool known = std::ranges::any_of(x_generator->source_images(), [&](const Made& image) {
        return equal_without_case(image.id, source);
    });
    if (outcome == Outcome::failed || !known) {
        const auto* code = known ? "internalServerError" : "sourceImageNotFound";
        x_context->patch("deviceImages", id,
                         {{"status", "failed"}, {"errorCode", code}, {"statusDetails", code}});
        return;
    }
    x_context->patch("deviceImages", id,
                     {{"status", outcome == Outcome::warning ? "warning" : "ready"},
                      {"operatingSystem", "Windows 11 Enterprise"},
                      {"osBuildNumber", "24H2"},
                      {"osVersionNumber", "10.0.26100.1742"},
                      {"osStatus", "supported"},
                      {"sizeInGB", 64}});
}

}  // namespace graphsim
