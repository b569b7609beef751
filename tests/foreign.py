"""Items as other systems write them, made up for these tests in the style of the standard, and packages of them."""

import zipfile
from io import BytesIO

QTI3 = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
QTI21 = "http://www.imsglobal.org/xsd/imsqti_v2p1"

CHOICE_3 = f"""<?xml version="1.0" encoding="UTF-8"?>
<qti-assessment-item xmlns="{QTI3}" identifier="Harbour_01" title="Tides" adaptive="false" time-dependent="false" xml:lang="en">
  <qti-response-declaration identifier="R1" cardinality="single" base-type="identifier">
    <qti-correct-response><qti-value>MOON</qti-value></qti-correct-response>
  </qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  <qti-item-body>
    <p>A harbour fills and empties twice a day.</p>
    <qti-choice-interaction response-identifier="R1" shuffle="true" max-choices="1">
      <qti-prompt>What pulls the water?</qti-prompt>
      <qti-simple-choice identifier="MOON">The <em>moon</em> above all</qti-simple-choice>
      <qti-simple-choice identifier="WIND">The wind<qti-feedback-inline outcome-identifier="F" identifier="WIND" show-hide="show">
        No.</qti-feedback-inline></qti-simple-choice>
    </qti-choice-interaction>
  </qti-item-body>
  <qti-response-processing template="https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml"/>
</qti-assessment-item>"""

MULTIPLE_21 = f"""<assessmentItem xmlns="{QTI21}" identifier="metals" title="Metals" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="multiple" baseType="identifier">
    <correctResponse><value>iron.fe</value><value>gold</value></correctResponse>
    <mapping lowerBound="0" upperBound="3" defaultValue="-2">
      <mapEntry mapKey="iron.fe" mappedValue="1"/><mapEntry mapKey="gold" mappedValue="2"/>
    </mapping>
  </responseDeclaration>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
  <itemBody>
    <div><p>Which of these are metals?</p><p><img src="ores.png" alt="Ores"/></p></div>
    <choiceInteraction responseIdentifier="RESPONSE" shuffle="false" maxChoices="0">
      <simpleChoice identifier="iron.fe">Iron</simpleChoice>
      <simpleChoice identifier="gold">Gold</simpleChoice>
      <simpleChoice identifier="coal">Coal</simpleChoice>
    </choiceInteraction>
  </itemBody>
  <responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"/>
</assessmentItem>"""

ORDER_21 = f"""<assessmentItem xmlns="{QTI21}" identifier="bread" title="Bread" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="ordered" baseType="identifier">
    <correctResponse><value>knead</value><value>rise</value><value>bake</value></correctResponse>
  </responseDeclaration>
  <itemBody>
    <orderInteraction responseIdentifier="RESPONSE" shuffle="true">
      <prompt>Bring the steps of baking bread into order.</prompt>
      <simpleChoice identifier="bake">Bake</simpleChoice>
      <simpleChoice identifier="knead">Knead</simpleChoice>
      <simpleChoice identifier="rise">Let it rise</simpleChoice>
    </orderInteraction>
  </itemBody>
</assessmentItem>"""

MATCH_21 = f"""<assessmentItem xmlns="{QTI21}" identifier="capitals" title="Capitals" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="multiple" baseType="directedPair">
    <correctResponse><value>at vienna</value><value>pt lisbon</value></correctResponse>
  </responseDeclaration>
  <itemBody>
    <matchInteraction responseIdentifier="RESPONSE" shuffle="false" maxAssociations="2">
      <prompt>Match each country to its capital.</prompt>
      <simpleMatchSet>
        <simpleAssociableChoice identifier="at" matchMax="1">Austria</simpleAssociableChoice>
        <simpleAssociableChoice identifier="pt" matchMax="1">Portugal</simpleAssociableChoice>
      </simpleMatchSet>
      <simpleMatchSet>
        <simpleAssociableChoice identifier="lisbon" matchMax="1">Lisbon</simpleAssociableChoice>
        <simpleAssociableChoice identifier="vienna" matchMax="1">Vienna</simpleAssociableChoice>
        <simpleAssociableChoice identifier="oslo" matchMax="1">Oslo</simpleAssociableChoice>
      </simpleMatchSet>
    </matchInteraction>
  </itemBody>
</assessmentItem>"""

NUMBER_3 = f"""<qti-assessment-item xmlns="{QTI3}" identifier="boiling" title="Boiling" adaptive="false" time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="float">
    <qti-correct-response><qti-value>100</qti-value></qti-correct-response>
  </qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  <qti-item-body><p>At sea level water boils at
    <qti-text-entry-interaction response-identifier="RESPONSE" expected-length="6"/> degrees Celsius.</p></qti-item-body>
  <qti-response-processing><qti-response-condition><qti-response-if>
    <qti-equal tolerance-mode="absolute" tolerance="0.5 1">
      <qti-variable identifier="RESPONSE"/><qti-correct identifier="RESPONSE"/></qti-equal>
    <qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">1</qti-base-value></qti-set-outcome-value>
  </qti-response-if></qti-response-condition></qti-response-processing>
  <qti-modal-feedback outcome-identifier="F" identifier="why" show-hide="show"><qti-content-body>
    <p>By the definition of the scale.</p></qti-content-body></qti-modal-feedback>
</qti-assessment-item>"""

TEXT_21 = f"""<assessmentItem xmlns="{QTI21}" identifier="author" title="Author" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="single" baseType="string">
    <correctResponse><value>Austen</value></correctResponse>
    <mapping defaultValue="0">
      <mapEntry mapKey="Austen" mappedValue="1" caseSensitive="false"/>
      <mapEntry mapKey="Jane Austen" mappedValue="1" caseSensitive="false"/>
      <mapEntry mapKey="Brontë" mappedValue="0"/>
    </mapping>
  </responseDeclaration>
  <itemBody>
    <p>Who wrote the novel Persuasion? Give the family name.</p>
    <p><textEntryInteraction responseIdentifier="RESPONSE" expectedLength="30"/></p>
  </itemBody>
</assessmentItem>"""

ESSAY_3 = f"""<qti-assessment-item xmlns="{QTI3}" identifier="bridge" title="Bridge" adaptive="false" time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string"/>
  <qti-item-body>
    <qti-rubric-block view="scorer" use="instructions"><qti-content-body><ul>
      <li>Names the load that the bridge carries</li><li>Weighs cost against time</li></ul></qti-content-body></qti-rubric-block>
    <qti-rubric-block view="candidate" use="instructions"><qti-content-body><p>Write a page.</p></qti-content-body></qti-rubric-block>
    <p>Which bridge would you build across the valley, and why?</p>
    <qti-extended-text-interaction response-identifier="RESPONSE" expected-length="3000"/>
  </qti-item-body>
</qti-assessment-item>"""

OPINION_21 = f"""<assessmentItem xmlns="{QTI21}" identifier="opinion" title="Opinion" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="single" baseType="string"/>
  <itemBody><extendedTextInteraction responseIdentifier="RESPONSE">
    <prompt>What would you like to learn next year?</prompt></extendedTextInteraction></itemBody>
</assessmentItem>"""

HOTSPOT_21 = f"""<assessmentItem xmlns="{QTI21}" identifier="map" title="Map" adaptive="false" timeDependent="false">
  <itemBody><hotspotInteraction responseIdentifier="RESPONSE" maxChoices="1"><object data="map.png" type="image/png"/>
    <hotspotChoice identifier="A" shape="circle" coords="1,1,1"/></hotspotInteraction></itemBody>
</assessmentItem>"""


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def package(*items: str, kind: str = "imsqti_item_xmlv2p1") -> bytes:
    """A content package of version 2 of these items, with a test and a picture beside them that are not items."""
    listed = "".join(f'<resource identifier="r{number}" type="{kind}" href="items/item%20{number}.xml"/>' for number in range(len(items)))
    manifest = f"""<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="m"><organizations/><resources>{listed}
        <resource identifier="t" type="imsqti_test_xmlv2p1" href="test.xml"/><resource identifier="p" type="webcontent" href="ores.png"/>
        </resources></manifest>"""
    return zipped({"imsmanifest.xml": manifest, **{f"items/item {number}.xml": item for number, item in enumerate(items)}})
